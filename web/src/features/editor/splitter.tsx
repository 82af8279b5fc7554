// The line between two panes: drag it, or use the arrow keys; a double click gives the usual width back.
import { useRef } from 'react';

export function Splitter({
  label,
  side,
  width,
  usual,
  least,
  most,
  onChange,
}: {
  label: string;
  /** The pane that it moves an edge of; of the one at the bottom `width` is the height. */
  side: 'left' | 'right' | 'bottom';
  width: number;
  usual: number;
  least: number;
  most: number;
  onChange: (width: number) => void;
}) {
  const from = useRef<{ at: number; width: number } | null>(null);
  const isFlat = side === 'bottom';
  const sign = side === 'left' ? 1 : -1;
  const set = (next: number) => onChange(Math.round(Math.min(most, Math.max(least, next))));
  return (
    // A separator that can be moved is a control, with a value and keys.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      role="separator"
      className={`splitter splitter-${side}`}
      aria-label={label}
      aria-orientation={isFlat ? 'horizontal' : 'vertical'}
      aria-valuenow={width}
      aria-valuemin={least}
      aria-valuemax={most}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onPointerDown={(event) => {
        from.current = { at: isFlat ? event.clientY : event.clientX, width };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (from.current !== null) set(from.current.width + sign * ((isFlat ? event.clientY : event.clientX) - from.current.at));
      }}
      onPointerUp={() => {
        from.current = null;
      }}
      onDoubleClick={() => set(usual)}
      onKeyDown={(event) => {
        if (event.key === (isFlat ? 'ArrowUp' : 'ArrowLeft')) set(width - sign * 16);
        if (event.key === (isFlat ? 'ArrowDown' : 'ArrowRight')) set(width + sign * 16);
        if (event.key === 'Home') set(least);
        if (event.key === 'End') set(most);
      }}
    />
  );
}
