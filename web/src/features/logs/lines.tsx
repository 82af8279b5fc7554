// The lines of many logs, as many as there are; follows what comes while its end is in sight.
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';

import type { LogRecord } from '../../api/logs';
import { type Line, marked } from '../../core/log-view';
import { count, duration, plural } from '../../lib/format';
import { kindOf } from '../../lib/kind';
import { Button } from '../../ui/button';
import { KindTile } from '../../ui/kind';
import { logTime } from '../../ui/log-lines';
import '../../ui/log-lines.css';

function Marked({ text, wanted, isHere }: { text: string; wanted: string; isHere: boolean }) {
  return marked(text, wanted).map((part, at) =>
    at % 2 === 0 ? (
      part
    ) : (
      <mark key={at} className={isHere ? 'log-match log-match-here' : 'log-match'}>
        {part}
      </mark>
    ),
  );
}

export function Lines({
  lines,
  types,
  wanted,
  current,
  chosen,
  onChoose,
  onUnfold,
}: {
  lines: readonly Line<LogRecord>[];
  /** The type of a block, by pipeline and block. */
  types: ReadonlyMap<string, string>;
  /** A text that is marked, and the line of the match that is looked at. */
  wanted: string;
  current: number | undefined;
  chosen: string | undefined;
  onChoose: (line: Line<LogRecord> | undefined) => void;
  onUnfold: (key: string) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [left, setLeft] = useState<number>();
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => box.current, estimateSize: () => 20, overscan: 30 });
  const follows = left === undefined;
  const goToEnd = () => {
    setLeft(undefined);
    if (lines.length > 0) virtual.scrollToIndex(lines.length - 1);
  };
  useEffect(() => {
    if (follows && lines.length > 0) virtual.scrollToIndex(lines.length - 1);
  }, [follows, lines.length, virtual]);
  useEffect(() => {
    if (current === undefined) return;
    setLeft((now) => now ?? lines.length);
    virtual.scrollToIndex(current, { align: 'center' });
    // It goes there when another match is looked at, not whenever lines come.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [current, virtual]);
  const fresh = left === undefined ? 0 : lines.length - left;

  const move = (by: number) => {
    const at = lines.findIndex((line) => line.key === chosen);
    const next = Math.min(lines.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : lines.length - 1) : at + by));
    const line = lines[next];
    if (line === undefined) return;
    onChoose(line);
    setLeft((now) => now ?? lines.length);
    virtual.scrollToIndex(next);
  };
  const press = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== event.currentTarget) return;
    if (event.key === 'ArrowDown') move(1);
    else if (event.key === 'ArrowUp') move(-1);
    else if (event.key === 'End') goToEnd();
    else if (event.key === 'Escape') onChoose(undefined);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div
        ref={box}
        className="log-lines"
        role="listbox"
        aria-label="Log lines"
        aria-activedescendant={chosen === undefined ? undefined : `line-${chosen}`}
        tabIndex={0}
        onKeyDown={press}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          const isAtEnd = scrollHeight - scrollTop - clientHeight < 24;
          setLeft((now) => (isAtEnd ? undefined : (now ?? lines.length)));
        }}
      >
        <div className="log-all" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const line = lines[item.index];
            if (line === undefined) return null;
            const { entry, isFirst } = line;
            return (
              // The keys of the list do what a click does.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events
              <div
                key={line.key}
                id={`line-${line.key}`}
                role="option"
                tabIndex={-1}
                aria-selected={line.key === chosen}
                className={`log-line log-${entry.level}`}
                style={{ position: 'absolute', top: 0, left: 0, minWidth: '100%', transform: `translateY(${item.start}px)` }}
                onClick={() => onChoose(line.key === chosen ? undefined : line)}
              >
                <span>{isFirst ? logTime(entry.record.timestamp) : ''}</span>
                <span>{isFirst ? entry.level : ''}</span>
                <span className="logs-block">
                  {!isFirst ? null : entry.block === null ? (
                    <span className="cut">{entry.pipeline}</span>
                  ) : (
                    <>
                      <KindTile kind={kindOf(types.get(`${entry.pipeline} ${entry.block}`) ?? '')} />
                      <span className="cut">{entry.record.block_uuid}</span>
                    </>
                  )}
                </span>
                <span>
                  <Marked text={line.text} wanted={wanted} isHere={item.index === current} />
                  {line.times > 1 ? (
                    <button
                      type="button"
                      className="log-fold"
                      tabIndex={-1}
                      aria-label={`Show all ${line.times} lines that say this`}
                      onClick={(event) => {
                        event.stopPropagation();
                        onUnfold(line.entry.key);
                      }}
                    >
                      × {count(line.times)} in {duration(line.over * 1000)}
                    </button>
                  ) : null}
                </span>
              </div>
            );
          })}
        </div>
      </div>
      {left === undefined ? null : (
        <Button small className="logs-waiting" icon={<ArrowDown aria-hidden />} onClick={goToEnd}>
          {fresh > 0 ? plural(fresh, 'new line') : 'To the newest'}
        </Button>
      )}
    </>
  );
}
