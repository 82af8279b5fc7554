// The settings of the project, one section at a time.
import { NavLink, Outlet } from 'react-router';

import { paths } from '../../lib/paths';
import './settings.css';

const sections = [
  { name: 'project', label: 'Project' },
  { name: 'secrets', label: 'Secrets' },
  { name: 'variables', label: 'Variables' },
  { name: 'retention', label: 'Retention' },
  { name: 'notifications', label: 'Notifications' },
  { name: 'messages', label: 'Messages' },
  { name: 'changes', label: 'Changes' },
] as const;

export function SettingsPage() {
  return (
    <div className="settings">
      <nav className="settings-nav" aria-label="Settings">
        <p className="section-title" style={{ padding: '0 8px 8px' }}>
          Settings
        </p>
        {sections.map((section) => (
          <NavLink key={section.name} className="settings-link" to={`${paths.settings()}/${section.name}`}>
            {section.label}
          </NavLink>
        ))}
      </nav>
      <div className="settings-scroll">
        <Outlet />
      </div>
    </div>
  );
}
