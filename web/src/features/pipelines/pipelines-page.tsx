// All pipelines of the project.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { pipelines } from '../../api/pipelines';
import { paths } from '../../lib/paths';

export function PipelinesPage() {
  const list = useQuery(pipelines.list());
  return (
    <div style={{ padding: 24 }}>
      <h1 className="page-title">Pipelines</h1>
      <ul>
        {(list.data ?? []).map((pipeline) => (
          <li key={pipeline.uuid}>
            <Link to={paths.editor(pipeline.uuid)}>{pipeline.uuid}</Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
