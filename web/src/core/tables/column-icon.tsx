// The sign of a column's type.
import { Braces, Calendar, Clock, Hash, ToggleLeft, Type } from 'lucide-react';

import type { ColumnKind } from '../notebook/table';

const icons: Record<ColumnKind, typeof Hash> = {
  number: Hash,
  text: Type,
  bool: ToggleLeft,
  date: Calendar,
  time: Clock,
  nested: Braces,
  binary: Braces,
  other: Type,
};

export function ColumnIcon({ kind }: { kind: ColumnKind }) {
  const Icon = icons[kind];
  return <Icon aria-hidden />;
}
