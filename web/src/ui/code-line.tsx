// The line of code of an error; what the parser complains about is underlined.
import { type Caret, pointed } from '../lib/caret';
import './code-line.css';

export function CodeLine({ code, caret }: { code: string | null; caret: Caret | null }) {
  if (code === null || caret === null) return <code className="cut">{code}</code>;
  const { before, place, after } = pointed(code, caret);
  return (
    <code className="code-line">
      {before}
      <mark className="code-place">{place}</mark>
      {after}
    </code>
  );
}
