// Writes src/styles/tokens.css from tokens.json; with --check only compares.
import { readFileSync, writeFileSync } from 'node:fs';

const from = new URL('../tokens.json', import.meta.url);
const to = new URL('../src/styles/tokens.css', import.meta.url);
const tokens = JSON.parse(readFileSync(from, 'utf8'));

const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Every leaf of a tree as `[--a-b-c, value]`. */
function leaves(tree, path) {
  return Object.entries(tree).flatMap(([key, value]) => {
    const here = [...path, kebab(key)];
    if (Array.isArray(value)) return value.map((one, index) => [`--${here.join('-')}-${index + 1}`, one]);
    if (typeof value === 'object') return leaves(value, here);
    return [[`--${here.join('-')}`, value]];
  });
}

const lines = (pairs) => pairs.map(([name, value]) => `  ${name}: ${value};`).join('\n');
const px = (value) => (typeof value === 'number' ? `${value}px` : value);

const sizes = [
  ...leaves(tokens.space, ['space']),
  ...leaves(tokens.radius, ['radius']),
  ...leaves(tokens.size, ['size']),
].map(([name, value]) => [name, px(value)]);
const motion = leaves(tokens.motion, ['motion']).filter(([name]) => name !== '--motion-reduced');

const css = `/* Written by \`npm run generate\` from tokens.json. */
:root {
${lines(sizes)}
${lines(motion)}
}

:root,
[data-theme='light'] {
  color-scheme: light;
${lines(leaves(tokens.color.light, []))}
}

[data-theme='dark'] {
  color-scheme: dark;
${lines(leaves(tokens.color.dark, []))}
}
`;

if (process.argv.includes('--check')) {
  if (readFileSync(to, 'utf8') !== css) {
    console.error('src/styles/tokens.css is out of date; run: npm run generate');
    process.exit(1);
  }
} else {
  writeFileSync(to, css);
}
