// The state timeline: a row for each series, a bar for each stretch of one value, on Grafana's plot, axes and colours.
import { type DataFrame, getFieldDisplayName, type GrafanaTheme2 } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder } from '@grafana/ui';
import uPlot from 'uplot';

import type { Span } from './board';

interface Props { frames: DataFrame[]; span: Span; options: any; theme: GrafanaTheme2; width: number; height: number }

// First and last place of each run of one value; holes are none.
function stretches(values: (number | null)[]): [number, number, number][] {
  const found: [number, number, number][] = [];
  values.forEach((value, i) => {
    const latest = found.at(-1);
    if (value === null) return;
    if (latest && latest[1] === i - 1 && latest[2] === value) latest[1] = i;
    else found.push([i, i, value]);
  });
  return found;
}

export function Timeline({ frames, span, options, theme, width, height }: Props) {
  const fields = frames.map((frame) => frame.fields[1]);
  const names = frames.map((frame) => getFieldDisplayName(frame.fields[1], frame, frames));
  const rows = fields.length;
  const builder = new UPlotConfigBuilder('utc');
  builder.addScale({
    scaleKey: 'x', isTime: true, orientation: ScaleOrientation.Horizontal, direction: ScaleDirection.Right,
    range: () => [span.from, span.to],
  });
  builder.addScale({
    scaleKey: 'y', orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Down, range: () => [0, rows],
  });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone: 'utc', theme });
  builder.addAxis({
    scaleKey: 'y', placement: AxisPlacement.Left, theme, splits: names.map((_, row) => row + 0.5), values: names,
    grid: { show: false }, ticks: { show: false },
  });
  builder.addSeries({ scaleKey: 'y', theme, pathBuilder: () => null as any, pointsBuilder: () => undefined, show: true });
  builder.setPrepData(() => [] as any);
  builder.addHook('draw', (plot: uPlot) => {
    const thick = options.rowHeight ?? 0.9;
    fields.forEach((field, row) => {
      const top = plot.valToPos(row + (1 - thick) / 2, 'y', true);
      const bottom = plot.valToPos(row + (1 + thick) / 2, 'y', true);
      const times = frames[row].fields[0].values;
      for (const [first, last, value] of stretches(field.values)) {
        const left = plot.valToPos(times[first], 'x', true), right = plot.valToPos(times[last] + span.step, 'x', true);
        plot.ctx.fillStyle = field.display!(value).color!;
        plot.ctx.globalAlpha = (field.config.custom?.fillOpacity ?? 70) / 100;
        plot.ctx.fillRect(left, top, right - left, bottom - top);
      }
    });
    plot.ctx.globalAlpha = 1;
  });
  const data: any = [[span.from, span.to], [0, rows]];
  return <UPlotChart config={builder} data={data} width={width} height={height} />;
}
