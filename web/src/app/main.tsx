// Where the pages begin.
import { StrictMode } from 'react';
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';

import { queryClient } from '../api/query-client';
import { Tips } from '../ui/tip';
import { router } from './router';
import '../styles/base.css';

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <Tips delayDuration={400} skipDelayDuration={100}>
          <RouterProvider router={router} />
        </Tips>
      </QueryClientProvider>
    </StrictMode>,
  );
}
