// What Prometheus answered, as the data frames that Grafana's components draw.
import {
  applyFieldOverrides, type DataFrame, FieldType, getDisplayProcessor, type GrafanaTheme2, standardTransformers, toDataFrame,
} from '@grafana/data';
import { firstValueFrom, of } from 'rxjs';

import type { Answer, Panel, Series, Span } from './board';

const STANDARD = ['unit', 'min', 'max', 'decimals', 'displayName', 'noValue', 'color', 'thresholds', 'mappings', 'links'];
const TRANSFORMERS: Record<string, any> = Object.fromEntries(
  Object.values(standardTransformers).map((one: any) => [one.id, one]));
const BY_NAME = { mode: 'palette-classic' };

export async function framesOf(panel: Panel, answers: Answer[], span: Span, theme: GrafanaTheme2): Promise<DataFrame[]> {
  const raw = answers.flatMap((answer) =>
    answer.format === 'table' ? [asTable(answer)] : answer.series.map((one) => overTime(answer, one, span)));
  const { defaults, overrides } = panel.fieldConfig;
  const frames = applyFieldOverrides({
    data: await transformed(panel, raw), theme, timeZone: 'utc', replaceVariables: (text) => text,
    fieldConfig: { defaults: withBase(panel.type === 'timeseries' ? { color: BY_NAME, ...defaults } : defaults), overrides },
    fieldConfigRegistry: optionsOf(Object.keys(defaults.custom ?? {})) as any,
  });
  for (const field of frames.flatMap((frame) => frame.fields)) {
    field.display ??= getDisplayProcessor({ field, theme, timeZone: 'utc' });
  }
  return frames;
}

function nameOf(legend: string, labels: Record<string, string>): string {
  if (legend !== '__auto') return legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '');
  const { __name__: metric = '', ...rest } = labels;
  return `${metric}{${Object.entries(rest).map(([name, value]) => `${name}="${value}"`).join(', ')}}`;
}

// Steps at which a series has no value are holes, as they are in Grafana.
function overTime(answer: Answer, one: Series, span: Span): DataFrame {
  const known = new Map((one.values ?? [one.value!]).map(([seconds, value]) => [Math.round(seconds * 1000), Number(value)]));
  const times: number[] = [];
  if (one.value) times.push(...known.keys());
  else for (let time = span.from; time <= span.to; time += span.step) times.push(Math.round(time));
  const values = times.map((time) => known.get(time) ?? null);
  return toDataFrame({
    refId: answer.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: times, config: {} },
      {
        name: 'Value', type: FieldType.number, labels: one.metric, values,
        config: { displayNameFromDS: nameOf(answer.legend, one.metric) },
      },
    ],
  });
}

function asTable(answer: Answer): DataFrame {
  const labels = [...new Set(answer.series.flatMap((one) => Object.keys(one.metric)))].sort();
  const column = (name: string, type: FieldType, value: (one: Series) => unknown) =>
    ({ name, type, values: answer.series.map(value), config: {} });
  return toDataFrame({
    refId: answer.refId,
    fields: [
      column('Time', FieldType.time, (one) => one.value![0] * 1000),
      ...labels.map((label) => column(label, FieldType.string, (one) => one.metric[label] ?? '')),
      column('Value', FieldType.number, (one) => Number(one.value![1])),
    ],
  });
}

async function transformed(panel: Panel, frames: DataFrame[]): Promise<DataFrame[]> {
  for (const { id, options } of panel.transformations ?? []) {
    const one = TRANSFORMERS[id];
    const context = { interpolate: (text: string) => text };
    frames = await firstValueFrom(of(frames).pipe(one.operator({ ...one.defaultOptions, ...options }, context)) as any);
  }
  return frames;
}

// JSON has no infinity: the first step of thresholds is written as null.
function withBase(defaults: any): any {
  if (!defaults.thresholds) return defaults;
  const steps = defaults.thresholds.steps.map((step: any) => ({ ...step, value: step.value ?? -Infinity }));
  return { ...defaults, thresholds: { ...defaults.thresholds, steps } };
}

// Grafana's panels register their options; here whatever a dashboard writes is one.
function optionsOf(custom: string[]) {
  const item = (id: string) => ({
    id, path: id.replace(/^custom\./, ''), isCustom: id.startsWith('custom.'),
    process: (value: unknown) => value, shouldApply: () => true,
  });
  return { getIfExists: item, list: () => [...STANDARD, ...custom.map((name) => `custom.${name}`)].map(item) };
}
