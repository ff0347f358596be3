// Everything that `index.html` needs, in `build/`: the page, Grafana's icons, and the code as one file.
import { build } from 'esbuild';
import { cpSync, mkdirSync } from 'node:fs';

mkdirSync('build', { recursive: true });
cpSync('index.html', 'build/index.html');
cpSync('node_modules/@grafana/ui/dist/public/img/icons', 'build/build/img/icons', { recursive: true });
await build({
  entryPoints: ['src/main.tsx'], outdir: 'build', bundle: true, format: 'esm', jsx: 'automatic', minify: true,
  alias: { 'react-custom-scrollbars-2': './src/scrollbars.ts' }, loader: { '.ttf': 'empty' }, logLevel: 'warning',
});
