// Fields, with their label, hint and error tied together for screen readers.
import { type ComponentProps, type ReactNode, type Ref, useEffect, useId, useRef, useState } from 'react';
import { Check, Minus, Search } from 'lucide-react';
import { Checkbox as RadixCheckbox, Switch as RadixSwitch } from 'radix-ui';

import { Key } from './tip';
import './field.css';

interface Around {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** The label is read out, not shown. */
  hideLabel?: boolean;
}

function Frame({
  id,
  label,
  hint,
  error,
  hideLabel = false,
  children,
}: Around & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label className={hideLabel ? 'visually-hidden' : 'field-label'} htmlFor={id}>
        {label}
      </label>
      {children}
      {error !== undefined ? (
        <span className="field-error" id={`${id}-about`} role="alert">
          {error}
        </span>
      ) : hint !== undefined ? (
        <span className="field-hint" id={`${id}-about`}>
          {hint}
        </span>
      ) : null}
    </div>
  );
}

function about(id: string, { hint, error }: Around) {
  return {
    id,
    'aria-invalid': error !== undefined,
    'aria-describedby': hint !== undefined || error !== undefined ? `${id}-about` : undefined,
  };
}

export function TextField({
  label,
  hint,
  error,
  hideLabel,
  mono = false,
  ...input
}: Around & { mono?: boolean; ref?: Ref<HTMLInputElement> } & Omit<ComponentProps<'input'>, 'id'>) {
  const id = useId();
  const around: Around = { label, hint, ...(error === undefined ? {} : { error }), hideLabel: hideLabel ?? false };
  return (
    <Frame id={id} {...around}>
      <input type="text" autoComplete="off" spellCheck={false} {...input} {...about(id, around)} className={`input ${mono ? 'input-mono' : ''}`} />
    </Frame>
  );
}

export function TextArea({
  label,
  hint,
  error,
  hideLabel,
  mono = false,
  ...input
}: Around & { mono?: boolean } & Omit<ComponentProps<'textarea'>, 'id'>) {
  const id = useId();
  const around: Around = { label, hint, ...(error === undefined ? {} : { error }), hideLabel: hideLabel ?? false };
  return (
    <Frame id={id} {...around}>
      <textarea spellCheck={false} {...input} {...about(id, around)} className={`input ${mono ? 'input-mono' : ''}`} />
    </Frame>
  );
}

/** One of a few values; the system's own list, which works everywhere. */
export function SelectField<Value extends string>({
  label,
  hint,
  error,
  hideLabel,
  value,
  options,
  onChange,
}: Around & {
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange: (value: Value) => void;
}) {
  const id = useId();
  const around: Around = { label, hint, ...(error === undefined ? {} : { error }), hideLabel: hideLabel ?? false };
  return (
    <Frame id={id} {...around}>
      <select
        {...about(id, around)}
        className="input"
        value={value}
        onChange={(event) => {
          const option = options.find((one) => one.value === event.target.value);
          if (option !== undefined) onChange(option.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Frame>
  );
}

/** The search of a list; "/" goes to it, Escape empties it. */
export function SearchField({
  label,
  value,
  onChange,
  width,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  width?: number;
}) {
  const input = useRef<HTMLInputElement>(null);
  // What is typed shows at once, though the list and the address follow a moment later.
  const [draft, setDraft] = useState<string>();
  const set = (text: string) => {
    setDraft(text);
    onChange(text);
  };
  useEffect(() => {
    const go = (event: KeyboardEvent) => {
      const from = event.target;
      const isTyping =
        from instanceof HTMLElement && (from.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(from.tagName));
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener('keydown', go);
    return () => window.removeEventListener('keydown', go);
  }, []);
  return (
    <div className="search" style={width === undefined ? undefined : { width }}>
      <Search aria-hidden />
      <input
        ref={input}
        className="input"
        type="text"
        role="searchbox"
        aria-label={label}
        placeholder={label}
        value={draft ?? value}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => set(event.target.value)}
        onBlur={() => setDraft(undefined)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          if ((draft ?? value) === '') input.current?.blur();
          else set('');
        }}
      />
      <Key>/</Key>
    </div>
  );
}

export function Checkbox({
  label,
  checked,
  onChange,
  tabIndex,
}: {
  label: string;
  checked: boolean | 'indeterminate';
  onChange: (checked: boolean) => void;
  tabIndex?: number;
}) {
  return (
    <RadixCheckbox.Root
      className="check"
      aria-label={label}
      checked={checked}
      tabIndex={tabIndex}
      onCheckedChange={(now) => onChange(now !== false)}
    >
      <RadixCheckbox.Indicator>
        {checked === 'indeterminate' ? <Minus aria-hidden strokeWidth={3} /> : <Check aria-hidden strokeWidth={3} />}
      </RadixCheckbox.Indicator>
    </RadixCheckbox.Root>
  );
}

export function Switch({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  return (
    <RadixSwitch.Root className="switch" aria-label={label} checked={checked} onCheckedChange={onChange}>
      <RadixSwitch.Thumb />
    </RadixSwitch.Root>
  );
}
