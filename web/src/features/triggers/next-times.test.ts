import { expect, test } from 'vitest';

import type { Forecast } from '../../api/triggers';
import { besides, inZone } from './next-times';

const at = Date.UTC(2026, 10, 23, 5, 30);

test('a moment is told as clocks of the zone show it', () => {
  expect(inZone(at, 'Europe/Berlin')).toEqual({ day: 'Mon 23 Nov', clock: '06:30' });
  expect(inZone(at, '')).toEqual({ day: 'Mon 23 Nov', clock: '05:30' });
  expect(inZone(at, 'Mars/Base')).toEqual({ day: 'Mon 23 Nov', clock: '05:30' });
});

const forecast = (some: Partial<Forecast>): Forecast => ({ runs: [], collisions: [], is_cut: false, pools: [], ...some });
const run = (id: number, pipeline: string) => ({
  pipeline_schedule_id: id,
  pipeline_uuid: pipeline,
  execution_date: '2026-11-23 05:30:00',
  starts_at: '2026-11-23 05:30:00',
  ends_at: '2026-11-23 05:31:00',
});

test('what else starts then is told, without the trigger itself', () => {
  expect(besides(at, forecast({ runs: [run(1, 'own')] }), 1).text).toBe('');
  expect(besides(at, forecast({ runs: [run(1, 'own'), run(2, 'marts')] }), 1)).toEqual({ text: 'with marts', isOver: false });
  expect(besides(at, forecast({ runs: [run(2, 'marts'), run(3, 'ops')] }), undefined).text).toBe('with 2 others');
  expect(besides(at + 60_000, forecast({ runs: [run(2, 'marts')] }), 1).text).toBe('');
});

test('a pool that is too small is worth more than names', () => {
  const collision = { pool: 'warehouse', from: '2026-11-23 05:30:00', until: '2026-11-23 05:32:00', wanted: 5, slots: 4, pipeline_schedule_ids: [1, 2] };
  const found = forecast({ runs: [run(2, 'marts')], collisions: [collision] });
  expect(besides(at, found, 1)).toEqual({ text: '5 runs for 4 slots of warehouse', isOver: true });
  expect(besides(at + 120_000, found, 1).isOver).toBe(false);
});
