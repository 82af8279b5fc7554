// The places of the rail. A place is here when its page exists.
import { CalendarClock, Database, Folder, Globe, House, LayoutTemplate, ListChecks, ScrollText, Settings, Workflow, type LucideIcon } from 'lucide-react';

import { paths } from '../lib/paths';

export interface Place {
  to: string;
  label: string;
  icon: LucideIcon;
}

export const places: readonly Place[] = [
  { to: paths.home(), label: 'Home', icon: House },
  { to: paths.pipelines(), label: 'Pipelines', icon: Workflow },
  { to: paths.runs(), label: 'Runs', icon: ListChecks },
  { to: paths.triggers(), label: 'Triggers', icon: CalendarClock },
  { to: paths.data(), label: 'Data', icon: Database },
  { to: paths.logs(), label: 'Logs', icon: ScrollText },
];
/** Below the line: what one needs less often. */
export const laterPlaces: readonly Place[] = [
  { to: paths.files(), label: 'Files', icon: Folder },
  { to: paths.templates(), label: 'Templates', icon: LayoutTemplate },
  { to: paths.globalProducts(), label: 'Global data products', icon: Globe },
];
/** At the foot of the rail. */
export const lastPlaces: readonly Place[] = [{ to: paths.settings(), label: 'Settings', icon: Settings }];
export const allPlaces: readonly Place[] = [...places, ...laterPlaces, ...lastPlaces];
