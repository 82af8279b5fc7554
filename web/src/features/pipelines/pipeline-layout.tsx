// What the pages of one pipeline share: its tabs, and room for their actions at the right.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useParams } from 'react-router';

import { pipelines } from '../../api/pipelines';
import { BarContext } from '../../core/pipeline-bar';
import { pipelineTabs } from '../../core/pipeline-tabs';
import { Failure } from '../../ui/states';
import { LinkTabs } from '../../ui/tabs';
import './pipeline-layout.css';

export function PipelineLayout() {
  const { pipeline = '' } = useParams();
  const found = useQuery(pipelines.show(pipeline));
  const [bar, setBar] = useState<HTMLElement | null>(null);
  if (found.error !== null && found.data === undefined) {
    return (
      <div style={{ padding: 24 }}>
        <Failure title={`The pipeline ${pipeline} cannot be shown`} error={found.error} onRetry={() => void found.refetch()} />
      </div>
    );
  }
  return (
    <div className="pipeline">
      <div className="pipeline-bar">
        <LinkTabs label={`Pages of ${pipeline}`} tabs={pipelineTabs(pipeline)} />
        <div className="pipeline-actions" ref={setBar} />
      </div>
      <div className="pipeline-page">
        <BarContext value={bar}>
          <Outlet />
        </BarContext>
      </div>
    </div>
  );
}
