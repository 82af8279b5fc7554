// How many lines there are over the chosen time; dragging over it narrows the time.
import { useRef, useState } from 'react';

import type { Bucket } from '../../core/log-view';
import { clock, dayAndClock, duration, exactClock } from '../../lib/format';

const HEIGHT = 36;
const TICKS = 6;

export function Strip({ buckets, from, to, chosen, onChoose }: { buckets: readonly Bucket[]; from: number; to: number; chosen: { from: number; to: number } | null; onChoose: (from: number, to: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ start: number; end: number } | null>(null);
  const most = Math.max(1, ...buckets.map((bucket) => bucket.all));
  const each = 100 / buckets.length;
  const high = (value: number) => (value === 0 ? 0 : Math.max(4, (value / most) * (HEIGHT - 6)));
  const shareAt = (x: number) => {
    const place = box.current?.getBoundingClientRect();
    if (place === undefined) return 0;
    return Math.min(1, Math.max(0, (x - place.left) / place.width));
  };
  const at = (share: number) => from + share * (to - from);
  const range = drag === null ? (chosen === null ? null : { start: (chosen.from - from) / (to - from), end: (chosen.to - from) / (to - from) }) : { start: Math.min(drag.start, drag.end), end: Math.max(drag.start, drag.end) };
  const isDays = to - from > 86_400;
  const isMinutes = to - from < 1_800;
  return (
    // The fields of the time do the same by keyboard.
    <div
      ref={box}
      className="logs-strip"
      role="presentation"
      title="Drag to choose a time"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        const share = shareAt(event.clientX);
        setDrag({ start: share, end: share });
      }}
      onPointerMove={(event) => {
        if (drag !== null) setDrag({ ...drag, end: shareAt(event.clientX) });
      }}
      onPointerUp={() => {
        if (range !== null && drag !== null && range.end - range.start > 0.005) onChoose(at(range.start), at(range.end));
        setDrag(null);
      }}
    >
      <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
        {buckets.map((bucket, index) => {
          const all = high(bucket.all);
          const errors = bucket.errors === 0 ? 0 : Math.max(4, (bucket.errors / most) * (HEIGHT - 6));
          const warnings = bucket.warnings === 0 ? 0 : Math.max(4, (bucket.warnings / most) * (HEIGHT - 6));
          const total = Math.max(all, errors + warnings);
          const bar = (className: string, y: number, height: number) => (height === 0 ? null : <rect className={className} x={index * each} width={each * 0.78} y={y} height={height} />);
          return (
            <g key={bucket.from}>
              {bar('strip-all', HEIGHT - total + errors + warnings, total - errors - warnings)}
              {bar('strip-warn', HEIGHT - total + errors, warnings)}
              {bar('strip-error', HEIGHT - total, errors)}
            </g>
          );
        })}
      </svg>
      {range === null ? null : <span className="strip-chosen" style={{ left: `${Math.max(0, range.start) * 100}%`, right: `${(1 - Math.min(1, range.end)) * 100}%` }} />}
      <div className="strip-axis" aria-hidden>
        <span>Lines per {duration(((to - from) / buckets.length) * 1000).replace(/ 00 (s|min)$/, '')}</span>
        {Array.from({ length: TICKS - 1 }, (_, index) => {
          const share = (index + 1) / TICKS;
          const time = at(share) * 1000;
          return (
            <span key={share} style={{ left: `${share * 100}%` }}>
              {isDays ? dayAndClock(time, to * 1000) : isMinutes ? exactClock(time) : clock(time)}
            </span>
          );
        })}
      </div>
    </div>
  );
}
