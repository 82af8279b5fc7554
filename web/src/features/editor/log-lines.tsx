// What a block prints: all lines in a scrolled box, following the last one unless somebody has scrolled up.
import { useEffect, useRef, useState } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';

import type { LogLine } from '../../core/notebook/model';
import { count } from '../../lib/format';

const ROW = 18;
const MOST_SHOWN = 12;

function clockOf(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

const isLoud = (level: string) => /^(WARN|ERROR|CRITICAL|EXCEPTION)/.test(level);

export function LogLines({ lines, dropped, isLive }: { lines: readonly LogLine[]; dropped: number; isLive: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  useEffect(() => {
    if (follows && isLive && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, follows, isLive]);
  return (
    <div
      ref={box}
      className="lines"
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard
      tabIndex={0}
      role="log"
      aria-label="What the block printed"
      style={{ maxHeight: MOST_SHOWN * ROW + 16 }}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        setFollows(scrollHeight - scrollTop - clientHeight < ROW);
      }}
    >
      {dropped > 0 ? <p className="lines-dropped">{count(dropped)} earlier lines are in the logs of the run.</p> : null}
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const line = lines[item.index];
          if (!line) return null;
          return (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className={`line ${isLoud(line.level) ? `line-${/^WARN/.test(line.level) ? 'warn' : 'error'}` : ''}`}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <span className="line-time" title={new Date(line.at).toISOString()}>
                {clockOf(line.at)}
              </span>
              {isLoud(line.level) ? <span className="line-level">{line.level.toLowerCase()}</span> : null}
              <span className="line-text">{line.message}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
