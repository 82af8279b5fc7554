// What the server says in words, with names set apart.
import { Fragment } from 'react';

/** A sentence with `names` in mono. */
export function Sentence({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 === 1 ? (
      <code key={index} style={{ fontSize: '0.95em' }}>
        {part}
      </code>
    ) : (
      <Fragment key={index}>{part}</Fragment>
    ),
  );
}
