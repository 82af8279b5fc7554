// When there is no such page, and when a page broke.
import { useRouteError } from 'react-router';

import { paths } from '../lib/paths';
import { ButtonLink } from '../ui/button';
import { Empty, Failure } from '../ui/states';

export function Missing() {
  return (
    <Empty title="There is no page at this address" action={<ButtonLink to={paths.home()}>Go to Home</ButtonLink>}>
      What it showed may have been renamed or deleted.
    </Empty>
  );
}

export function Broken() {
  const error = useRouteError();
  return (
    <div style={{ padding: 24 }}>
      <Failure title="This page broke. Nothing on the server was changed by that." error={error} onRetry={() => window.location.reload()} />
    </div>
  );
}
