// The rail at the left: where one can go.
import { Link, NavLink } from 'react-router';

import { paths } from '../lib/paths';
import { Tip } from '../ui/tip';
import { lastPlaces, laterPlaces, places, type Place } from './places';

export function Mark() {
  return (
    <svg viewBox="0 0 24 24" fill="none" aria-hidden>
      <path d="M9 15 19.5 4.5" stroke="var(--text-primary)" strokeWidth="2.4" strokeLinecap="round" />
      <circle cx="6.8" cy="17.2" r="3.6" fill="var(--accent-fg)" />
    </svg>
  );
}

function PlaceLink({ to, label, icon: Icon }: Place) {
  return (
    <Tip text={label} side="right">
      <NavLink to={to} className="rail-link" aria-label={label} end={to === '/'}>
        <Icon aria-hidden strokeWidth={1.7} />
        <span className="rail-label">{label}</span>
      </NavLink>
    </Tip>
  );
}

export function Rail() {
  return (
    <nav className="rail" aria-label="Places">
      <Link to={paths.home()} className="rail-mark" aria-label="Baton">
        <Mark />
      </Link>
      {places.map((place) => (
        <PlaceLink key={place.to} {...place} />
      ))}
      {laterPlaces.length > 0 ? <div className="rail-line" /> : null}
      {laterPlaces.map((place) => (
        <PlaceLink key={place.to} {...place} />
      ))}
      <div className="rail-rest" />
      {lastPlaces.map((place) => (
        <PlaceLink key={place.to} {...place} />
      ))}
    </nav>
  );
}
