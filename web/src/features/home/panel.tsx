// A part of Home: a titled box.
import { Link } from 'react-router';

export function Panel({ area, title, about, more, children }: { area: string; title: string; about?: React.ReactNode; more?: React.ReactNode; children: React.ReactNode }) {
  return (
    <section className="panel" style={{ gridArea: area }} aria-label={title}>
      <div className="panel-head">
        <h2 className="section-title">{title}</h2>
        {about === undefined ? null : <span className="text-3 text-table">{about}</span>}
        {more === undefined ? null : <span className="panel-more">{more}</span>}
      </div>
      {children}
    </section>
  );
}

export function More({ to, label }: { to: string; label: string }) {
  return (
    <Link className="link" to={to}>
      {label}
    </Link>
  );
}
