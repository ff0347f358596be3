// What `tests.pictures` hands to the page: a dashboard with its variables filled in, and what its queries were answered.
export interface Series { metric: Record<string, string>; values?: [number, string][]; value?: [number, string] }
export interface Exemplar { labels: Record<string, string>; value: string; timestamp: number }
export interface Answer { refId: string; legend: string; format: string; series: Series[]; exemplars: Exemplar[] }
export interface Span { from: number; to: number; step: number }
export interface Panel {
  type: string; title: string; description: string; options: any; transformations?: { id: string; options: any }[];
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig: { defaults: any; overrides: any[] };
}
export interface Mark { from: number; to: number; title: string; color: string }
export interface Board {
  title: string; dark: boolean; span: Span; variables: [string, string][]; marks: Mark[];
  panels: { panel: Panel; answers: Answer[] }[];
}
