// What a block is: a square in the colour of its kind. `kind-<name>` also sets the colours for edges and bars.
import { ArrowDownToLine, ArrowUpFromLine, Box, Radar, Shuffle, Split } from 'lucide-react';

import { type Kind, kindWords } from '../lib/kind';
import './kind.css';

const icons = {
  loader: ArrowDownToLine,
  transformer: Shuffle,
  exporter: ArrowUpFromLine,
  sensor: Radar,
  custom: Box,
  conditional: Split,
} satisfies Record<Kind, unknown>;

export function KindTile({ kind }: { kind: Kind }) {
  const Icon = icons[kind];
  return (
    <span className={`kind kind-${kind}`} role="img" aria-label={kindWords[kind]} title={kindWords[kind]}>
      <Icon aria-hidden strokeWidth={2.2} />
    </span>
  );
}
