// Lines of a log: as many as there are, the levels as words. Follows what comes while its end is in sight.
import { useEffect, useMemo, useRef } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';

import './log-lines.css';

export interface LogLine {
  /** Seconds since 1970. */
  timestamp: number;
  level: string;
  block_uuid: string | null;
  message: string;
}

const two = (value: number, digits = 2) => String(value).padStart(digits, '0');

/** `06:30:08.402`. */
export function logTime(timestamp: number): string {
  const at = new Date(timestamp * 1000);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
}

function levelOf(level: string): 'error' | 'warn' | 'info' | 'debug' {
  const name = level.toLowerCase();
  if (name === 'error' || name === 'critical' || name === 'exception') return 'error';
  if (name.startsWith('warn')) return 'warn';
  return name === 'debug' ? 'debug' : 'info';
}

export function LogLines({ label, lines, withBlock = true }: { label: string; lines: readonly LogLine[]; withBlock?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  // A record of several lines is shown as several lines of one height.
  const rows = useMemo(
    () => lines.flatMap((line) => line.message.replace(/\n$/, '').split('\n').map((message, index) => ({ ...line, message, isFirst: index === 0 }))),
    [lines],
  );
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => 20, overscan: 30 });
  useEffect(() => {
    if (follows.current && rows.length > 0) virtual.scrollToIndex(rows.length - 1);
  }, [rows.length, virtual]);
  return (
    <div
      ref={box}
      className="log-lines"
      role="log"
      aria-label={label}
      // A region that scrolls must be reachable by keyboard.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        follows.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      <div className="log-all" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const line = rows[item.index];
          if (line === undefined) return null;
          const level = levelOf(line.level);
          return (
            <div
              key={item.key}
              className={`log-line log-${level} ${withBlock ? '' : 'log-line-short'}`}
              style={{ position: 'absolute', top: 0, left: 0, minWidth: '100%', transform: `translateY(${item.start}px)` }}
            >
              <span>{line.isFirst ? logTime(line.timestamp) : ''}</span>
              <span>{line.isFirst ? level : ''}</span>
              {withBlock ? <span className="log-block cut">{line.isFirst ? (line.block_uuid ?? '') : ''}</span> : null}
              <span>{line.message}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
