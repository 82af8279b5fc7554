// The notebook of a pipeline.
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';

import { pipelines } from '../../api/pipelines';
import { kindOf } from '../../lib/kind';
import { KindTile } from '../../ui/kind';

export function EditorPage() {
  const { pipeline = '' } = useParams();
  const found = useQuery(pipelines.show(pipeline));
  return (
    <ol style={{ padding: 24, display: 'grid', gap: 8 }}>
      {(found.data?.blocks ?? []).map((block) => (
        <li key={block.uuid} className={`kind-${kindOf(block.type)}`} style={{ display: 'flex', gap: 8 }}>
          <KindTile kind={kindOf(block.type)} /> <span className="mono">{block.uuid}</span>
        </li>
      ))}
    </ol>
  );
}
