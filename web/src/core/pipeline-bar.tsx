// The right end of the bar of a pipeline: a page puts its save state and actions there.
import { createContext, type ReactNode, useContext } from 'react';
import { createPortal } from 'react-dom';

export const BarContext = createContext<HTMLElement | null>(null);

export function PipelineBar({ children }: { children: ReactNode }) {
  const bar = useContext(BarContext);
  return bar === null ? null : createPortal(children, bar);
}
