// A dashboard as Grafana shows it: its title and variables, and every panel in its place.
import {
  createTheme, type DataFrame, EventBusSrv, type FieldDisplay, getDisplayValueAlignmentFactors, getFieldDisplayValues,
  type GrafanaTheme2, ThemeContext, type TimeRange, dateTime, VizOrientation,
} from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import {
  BarGauge, BigValue, GlobalStyles, PanelChrome, PanelContextProvider, Table, TimeSeries, VizRepeater,
} from '@grafana/ui';
import { createRoot } from 'react-dom/client';

import type { Answer, Board, Mark, Panel, Span } from './board';
import { framesOf } from './frames';
import { Heatmap } from './heatmap';
import { Timeline } from './timeline';

const CELL = 30, GAP = 8, EDGE = 16, HEAD = 76;
const EMPTY = 'No data';

interface Drawn { panel: Panel; answers: Answer[]; frames: DataFrame[] }
interface Look { theme: GrafanaTheme2; span: Span; marks: Mark[] }
interface Size { width: number; height: number }

function rangeOf(span: Span): TimeRange {
  const from = dateTime(span.from), to = dateTime(span.to);
  return { from, to, raw: { from, to } };
}

function valuesOf({ panel, frames }: Drawn, theme: GrafanaTheme2, sparkline: boolean): FieldDisplay[] {
  return getFieldDisplayValues({
    data: frames, reduceOptions: panel.options.reduceOptions, fieldConfig: panel.fieldConfig, theme, sparkline,
    replaceVariables: (text) => text, timeZone: 'utc',
  });
}

function Stat({ drawn, look, width, height }: { drawn: Drawn; look: Look } & Size) {
  const { options } = drawn.panel;
  const values = valuesOf(drawn, look.theme, options.graphMode !== 'none');
  return (
    <VizRepeater
      source={drawn} getValues={() => values} width={width} height={height} orientation={VizOrientation.Auto}
      autoGrid renderCounter={0} itemSpacing={3}
      getAlignmentFactors={getDisplayValueAlignmentFactors as any}
      renderValue={({ value, count, ...place }: any) => (
        <BigValue
          {...place} theme={look.theme} count={count} value={value.display} sparkline={value.sparkline}
          colorMode={options.colorMode} graphMode={options.graphMode} textMode={options.textMode} justifyMode="auto"
        />
      )}
    />
  );
}

function Gauges({ drawn, look, width, height }: { drawn: Drawn; look: Look } & Size) {
  const { options } = drawn.panel;
  const values = valuesOf(drawn, look.theme, false);
  return (
    <VizRepeater
      source={drawn} getValues={() => values} width={width} height={height} orientation={options.orientation}
      renderCounter={0} itemSpacing={10} minVizHeight={options.minVizHeight} maxVizHeight={options.maxVizHeight}
      getAlignmentFactors={getDisplayValueAlignmentFactors as any}
      renderValue={({ value, alignmentFactors, ...place }: any) => (
        <BarGauge
          {...place} theme={look.theme} field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          value={value.display} alignmentFactors={alignmentFactors} displayMode={options.displayMode}
          showUnfilled={options.showUnfilled} valueDisplayMode="color" namePlacement={options.namePlacement}
        />
      )}
    />
  );
}

function addMarks(builder: any, { marks, span, theme }: Look) {
  builder.addHook('draw', (plot: any) => {
    for (const mark of marks.filter(({ from, to }) => to >= span.from && from <= span.to)) {
      const left = plot.valToPos(mark.from, 'x', true), right = plot.valToPos(mark.to, 'x', true);
      plot.ctx.fillStyle = theme.visualization.getColorByName(mark.color);
      plot.ctx.globalAlpha = 0.12;
      plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
      plot.ctx.globalAlpha = 1;
      for (const x of [left, right]) plot.ctx.fillRect(x, plot.bbox.top, 1, plot.bbox.height);
      plot.ctx.fillRect(left, plot.bbox.top + plot.bbox.height, right - left, 4);
    }
  });
  return null;
}

function Lines({ drawn, look, width, height }: { drawn: Drawn; look: Look } & Size) {
  return (
    <TimeSeries
      frames={drawn.frames} timeRange={rangeOf(look.span)} timeZone="utc" width={width} height={height}
      legend={{ calcs: [], ...drawn.panel.options.legend }} options={drawn.panel.options} structureRev={1}
      tweakScale={(scale) => scale} tweakAxis={(axis) => axis}
    >
      {(builder: any) => addMarks(builder, look)}
    </TimeSeries>
  );
}

function Inside({ drawn, look, width, height }: { drawn: Drawn; look: Look } & Size) {
  const { panel, frames, answers } = drawn;
  const shown = { theme: look.theme, span: look.span, frames, options: panel.options, width, height };
  const known = frames.some((frame) => frame.fields.at(-1)!.values.some((value: unknown) => value !== null));
  if (!known) return <div style={{ padding: 16, textAlign: 'center' }}>{EMPTY}</div>;
  switch (panel.type) {
    case 'stat': return <Stat drawn={drawn} look={look} width={width} height={height} />;
    case 'bargauge': return <Gauges drawn={drawn} look={look} width={width} height={height} />;
    case 'timeseries': return <Lines drawn={drawn} look={look} width={width} height={height} />;
    case 'table': return <Table data={frames[0]} width={width} height={height} cellHeight={panel.options.cellHeight} />;
    case 'state-timeline': return <Timeline {...shown} />;
    case 'heatmap': return <Heatmap {...shown} exemplars={answers.flatMap((one) => one.exemplars)} />;
    default: return <div>{`Nothing draws a panel of the kind ${panel.type}.`}</div>;
  }
}

function Page({ board, drawn, theme }: { board: Board; drawn: Drawn[]; theme: GrafanaTheme2 }) {
  const column = (window.innerWidth - 2 * EDGE + GAP) / 24;
  const rows = Math.max(...drawn.map(({ panel }) => panel.gridPos.y + panel.gridPos.h));
  const look = { theme, span: board.span, marks: board.marks };
  return (
    <div style={{ position: 'relative', height: HEAD + rows * (CELL + GAP) + EDGE, background: theme.colors.background.canvas }}>
      <div style={{ padding: `12px ${EDGE}px`, color: theme.colors.text.primary }}>
        <div style={{ fontSize: 18, fontWeight: 500 }}>{board.title}</div>
        <div style={{ marginTop: 6, color: theme.colors.text.secondary, fontSize: 12 }}>
          {board.variables.map(([name, value]) => `${name}: ${value}`).join('   ·   ')}
        </div>
      </div>
      {drawn.map((one, i) => {
        const { x, y, w, h } = one.panel.gridPos;
        const width = w * column - GAP, height = h * (CELL + GAP) - GAP;
        return (
          <div key={i} className="panel" style={{ position: 'absolute', left: EDGE + x * column, top: HEAD + y * (CELL + GAP), width, height }}>
            <PanelChrome title={one.panel.title} description={one.panel.description} width={width} height={height}>
              {(innerWidth, innerHeight) => <Inside drawn={one} look={look} width={innerWidth} height={innerHeight} />}
            </PanelChrome>
          </div>
        );
      })}
    </div>
  );
}

async function draw(board: Board) {
  await initPluginTranslations('grafana');
  const theme = createTheme({ colors: { mode: board.dark ? 'dark' : 'light' } });
  const drawn = await Promise.all(board.panels.map(async ({ panel, answers }) => (
    { panel, answers, frames: await framesOf(panel, answers, board.span, theme) })));
  createRoot(document.getElementById('board')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={{ eventsScope: 'board', eventBus: new EventBusSrv() } as any}>
        <Page board={board} drawn={drawn} theme={theme} />
      </PanelContextProvider>
    </ThemeContext.Provider>,
  );
}

interface Outcome { title: string; drawn: boolean; empty: boolean; cut: boolean }

function outcomes(): Outcome[] {
  return [...document.querySelectorAll<HTMLElement>('.panel')].map((panel) => ({
    title: panel.querySelector('h2')!.innerText,
    drawn: panel.querySelector('canvas') !== null || panel.innerText.split('\n').length > 1,
    empty: panel.innerText.includes(EMPTY),
    cut: [...panel.querySelectorAll('h2')].some((title) => title.scrollWidth > title.clientWidth),
  }));
}

// Whether each panel has the mark that leads to its description: icons are fetched, and are empty until they come.
const marked = () => [...document.querySelectorAll('.panel')].every((panel) => panel.querySelector('svg')?.hasChildNodes());

// What became of each panel, for those who drive the browser: once all are drawn, or after some seconds.
(window as any).outcomes = async () => {
  for (let frame = 0; frame < 600 && !(outcomes().every(({ drawn }) => drawn) && marked()); frame++)
    await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return outcomes();
};

await draw(await (await fetch('board.json')).json());
