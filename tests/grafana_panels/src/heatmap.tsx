// The heat map: a column for each step, a cell for each bucket, and the exemplars as points, on Grafana's plot and axes.
import { type DataFrame, getFieldDisplayName, type GrafanaTheme2 } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder } from '@grafana/ui';
import { interpolateOranges, interpolateSpectral } from 'd3-scale-chromatic';
import uPlot from 'uplot';

import type { Exemplar, Span } from './board';

interface Props {
  frames: DataFrame[]; exemplars: Exemplar[]; span: Span; options: any; theme: GrafanaTheme2; width: number; height: number;
}
const SCHEMES: Record<string, (part: number) => string> = { Oranges: interpolateOranges, Spectral: interpolateSpectral };

// Buckets come cumulative, each with all below it.
function cellsOf(frames: DataFrame[]) {
  const sorted = frames
    .map((frame) => ({ frame, le: Number(frame.fields[1].labels!.le.replace('+Inf', 'Infinity')) }))
    .sort((a, b) => a.le - b.le);
  return sorted.map(({ frame, le }, row) => ({
    le, name: getFieldDisplayName(frame.fields[1], frame, frames), times: frame.fields[0].values as number[],
    counts: frame.fields[1].values.map((value: number | null, i: number) =>
      (value ?? 0) - (row ? sorted[row - 1].frame.fields[1].values[i] ?? 0 : 0)) as number[],
  }));
}

export function Heatmap({ frames, exemplars, span, options, theme, width, height }: Props) {
  const rows = cellsOf(frames);
  const most = Math.max(...rows.flatMap((row) => row.counts));
  const { scheme, exponent = 0.5, steps = 64, reverse } = options.color;
  const shade = SCHEMES[scheme];
  const colour = (count: number) => {
    const part = Math.round((count / most) ** exponent * steps) / steps;
    return shade(theme.isDark === Boolean(reverse) ? part : 1 - part);  // rare is near the background
  };
  const builder = new UPlotConfigBuilder('utc');
  builder.addScale({
    scaleKey: 'x', isTime: true, orientation: ScaleOrientation.Horizontal, direction: ScaleDirection.Right,
    range: () => [span.from, span.to],
  });
  builder.addScale({
    scaleKey: 'y', orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Up, range: () => [0, rows.length],
  });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone: 'utc', theme });
  builder.addAxis({
    scaleKey: 'y', placement: AxisPlacement.Left, theme, grid: { show: false },
    splits: rows.map((_, row) => row + 1), values: rows.map((row) => row.name),
  });
  builder.addSeries({ scaleKey: 'y', theme, pathBuilder: () => null as any, pointsBuilder: () => undefined, show: true });
  builder.setPrepData(() => [] as any);
  builder.addHook('draw', (plot: uPlot) => {
    rows.forEach((row, y) => row.counts.forEach((count, i) => {
      if (count <= (options.filterValues?.le ?? 0)) return;
      const left = plot.valToPos(row.times[i] - span.step, 'x', true), right = plot.valToPos(row.times[i], 'x', true);
      const top = plot.valToPos(y + 1, 'y', true), bottom = plot.valToPos(y, 'y', true);
      plot.ctx.fillStyle = colour(count);
      plot.ctx.fillRect(left, top + 1, right - left, bottom - top - 1);
    }));
    plot.ctx.fillStyle = options.exemplars?.color ?? 'rgba(255,0,255,0.7)';
    for (const one of exemplars) {
      const row = rows.findIndex(({ le }) => Number(one.value) <= le);
      plot.ctx.save();
      plot.ctx.translate(plot.valToPos(one.timestamp * 1000, 'x', true), plot.valToPos(row + 0.5, 'y', true));
      plot.ctx.rotate(Math.PI / 4);
      plot.ctx.fillRect(-4, -4, 8, 8);
      plot.ctx.restore();
    }
  });
  const data: any = [[span.from, span.to], [0, rows.length]];
  return <UPlotChart config={builder} data={data} width={width} height={height} />;
}
