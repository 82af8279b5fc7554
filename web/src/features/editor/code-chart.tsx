// A chart that is drawn by its own code: which variables of the code are what, the code, and what it drew or why it did not.
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { EditorView } from '@codemirror/view';
import { Play } from 'lucide-react';

import { changeChart, charts, type Kept } from '../../api/charts';
import { ApiError } from '../../api/client';
import { CodeEditor, goToLine } from '../../core/code/code-editor';
import { type ChartWish, measureWords } from '../../core/notebook/chart';
import {
  CODE_TYPES,
  type CodeChart,
  codeChartOf,
  codeConfiguration,
  codeTypes,
  codeWords,
  isUntouched,
  partsOf,
  shownPicture,
  startingCode,
  withCodeType,
} from '../../core/notebook/code-chart';
import type { Failure as CodeFailure } from '../../core/notebook/model';
import { failure } from '../../core/notebook/read';
import { Button } from '../../ui/button';
import { Failure } from '../../ui/states';
import { StatusIcon } from '../../ui/status';
import { ChartRows, Choice } from './chart-parts';
import { type ChartText, createChartText } from './chart-text';
import { SaveBar } from './conflict-bar';
import { FailureHead, Frames } from './failure-parts';
import { useSession, useStore } from './use-session';

const Picture = lazy(() => import('./chart-picture'));

const NONE = [] as const;

/** A text that is saved when it is left or entered. */
function Named({ label, value, hint, onSave }: { label: string; value: string; hint: string; onSave: (value: string) => void }) {
  const [written, setWritten] = useState(value);
  const save = () => {
    if (written.trim() !== value) onSave(written.trim());
  };
  return (
    <input
      className="input mono chart-variable"
      aria-label={label}
      placeholder={hint}
      value={written}
      onChange={(event) => setWritten(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Enter') save();
      }}
    />
  );
}

/** `Bars of the places in x and the series in y`. */
function Sentence({ chart, onType, onChange }: { chart: CodeChart; onType: (chart: CodeChart) => void; onChange: (chart: CodeChart) => void }) {
  const parts = partsOf(chart.type);
  return (
    <div className="chart-sentence">
      <Choice label="Type of chart" value={chart.type} options={codeTypes.map((type) => [type, CODE_TYPES[type]] as const)} onChange={(type) => onType(withCodeType(chart, type))} />
      {parts.length === 0 ? (
        <span className="text-2">
          that a function under <code className="mono">@render</code> returns
        </span>
      ) : (
        <span className="text-2">by code:</span>
      )}
      {parts.map(({ part, words }) => (
        <span key={part} className="chart-part">
          <span className="text-2">{words} in</span>
          <Named
            key={chart.names[part]}
            label={`Variable of the ${words}`}
            hint={part === 'index' ? 'none' : part}
            value={chart.names[part]}
            onSave={(name) => onChange({ ...chart, names: { ...chart.names, [part]: name } })}
          />
        </span>
      ))}
      {parts.some(({ words }) => words === 'series') ? (
        <span className="chart-part">
          <span className="text-2">called</span>
          <Named key={chart.legend} label="Names of the series" hint="as y" value={chart.legend} onSave={(legend) => onChange({ ...chart, legend })} />
        </span>
      ) : null}
    </div>
  );
}

function Failed({ failed, file, onLine }: { failed: CodeFailure; file: string; onLine: (line: number) => void }) {
  return (
    <div className="error" role="alert">
      <FailureHead failure={failed} label="Not drawn" />
      {failed.frames.length === 0 ? null : (
        <div className="error-part">
          <Frames frames={failed.frames} file={file} onLine={onLine} />
        </div>
      )}
    </div>
  );
}

type Found = Awaited<ReturnType<NonNullable<ReturnType<typeof charts.byCode>['queryFn']>>>;

function Rendered({ picture, name }: { picture: NonNullable<Found['picture']>; name: string }) {
  const shown = useMemo(() => shownPicture(picture), [picture]);
  switch (shown.as) {
    case 'image':
      return <img className="chart-image" src={shown.address} alt={`Chart ${name}`} />;
    case 'page':
      return (
        <>
          {/* The work of whoever wrote the code. It may run its scripts; the server says with the page that it can do nothing else. */}
          <iframe className="chart-page" title={`Chart ${name}`} sandbox="allow-scripts" src={shown.address} />
          {shown.wantsMore ? (
            <p className="bar bar-stale">
              <StatusIcon tone="stale" label="Note" />
              <span className="bar-text">This page names scripts or styles of other addresses, which are not loaded here: they have to stand in it.</span>
              <a className="link text-table" download={`${name}.html`} href={`data:text/html;charset=utf-8,${encodeURIComponent(shown.page)}`}>
                Download the page
              </a>
            </p>
          ) : null}
        </>
      );
    case 'text':
      return <pre className="value">{shown.text}</pre>;
  }
}

function Result({ found, name }: { found: Found; name: string }) {
  const { drawn, picture } = found;
  if (picture !== null) return <Rendered picture={picture} name={name} />;
  const words = codeWords(drawn);
  return (
    <>
      {drawn.rows.length === 0 ? (
        <p className="result-nothing">The code gave nothing to show.</p>
      ) : drawn.type === 'table' ? (
        <ChartRows drawn={drawn} />
      ) : (
        <Suspense fallback={<div className="chart-picture" aria-busy="true" />}>
          <Picture drawn={drawn} label={`${CODE_TYPES[drawn.type]}: ${drawn.measures.map(measureWords).join(', ')} by ${drawn.places.join(', ')}. ${words}.`} />
        </Suspense>
      )}
      <figcaption className="chart-words">{words}</figcaption>
    </>
  );
}

/** What is drawn: which turn of it, and the code that it had. */
interface Drawing {
  turn: string;
  text: string;
}

function SaveWords({ text }: { text: ChartText }) {
  const state = useStore(text.notebook, () => text.cell()?.save.state ?? 'saved');
  return (
    <span className="text-meta text-3" role="status">
      {state === 'saved' ? 'Saved' : state === 'conflict' ? 'Changed elsewhere too' : state === 'failed' ? 'Not saved' : 'Saving…'}
    </span>
  );
}

export function CodeChartPanel({ chart, run, wish, end }: { chart: Kept; run: number; wish: ChartWish; end: ReactNode }) {
  const session = useSession();
  const { pipeline } = session;
  // The store lives as long as the chart is shown; what its file becomes it hears of below.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const text = useMemo(() => createChartText(pipeline, chart), [pipeline, chart.uuid]);
  const cell = useStore(text.notebook, () => text.cell());
  useEffect(() => text.seen(chart), [text, chart]);
  useEffect(() => () => void text.flush(), [text]);
  const [drawing, setDrawing] = useState<Drawing>({ turn: chart.revision ?? '', text: chart.content ?? '' });
  const editor = useRef<EditorView | null>(null);
  const configuration = codeChartOf(chart.configuration);
  const found = useQuery({
    ...charts.byCode(pipeline, chart.uuid, run, `${drawing.turn} ${JSON.stringify(chart.configuration)}`),
    enabled: configuration !== null,
    placeholderData: keepPreviousData,
  });
  const draw = async () => {
    await text.flush();
    const now = text.cell();
    if (now === undefined || now.save.state === 'failed' || now.save.state === 'conflict') return;
    setDrawing((before) => ({ turn: `${now.revision} ${Number(before.turn.split(' ')[1] ?? 0) + 1}`, text: now.text }));
  };
  const change = (next: CodeChart) => changeChart(pipeline, chart.uuid, codeConfiguration(next, chart.configuration)).catch(session.say);
  const changeType = async (next: CodeChart) => {
    const code = text.cell()?.text ?? '';
    if (isUntouched(code, wish)) {
      const begun = startingCode(next.type, wish);
      text.put(begun);
      await text.flush();
      setDrawing({ turn: text.cell()?.revision ?? '', text: begun });
    }
    await change(next);
  };
  if (configuration === null || cell === undefined) {
    return (
      <div className="chart-head">
        <p className="text-table text-2">A chart of the type {JSON.stringify(chart.configuration.chart_type ?? null)} is not drawn here.</p>
        {end}
      </div>
    );
  }
  const isOld = cell.text !== drawing.text;
  const failed = found.error instanceof ApiError ? failure(found.error.details) : null;
  const line = failed?.frames.findLast((frame) => frame.file === chart.file)?.line ?? null;
  const isDrawing = found.isFetching;
  return (
    <>
      <div className="chart-head">
        <Sentence chart={configuration} onType={(next) => void changeType(next)} onChange={(next) => void change(next)} />
        {end}
      </div>
      <SaveBar cell={cell} onAgain={() => void text.flush()} onResolve={text.resolve} />
      <div className="chart-code">
        <CodeEditor
          label={`Code of chart ${chart.name}`}
          language={chart.language}
          text={cell.text}
          replaced={cell.replaced}
          problems={NONE}
          failedAt={isOld || isDrawing ? null : line}
          keys={{
            run: () => void draw(),
            runAndGoOn: () => void draw(),
            leave: () => editor.current?.contentDOM.blur(),
            up: () => undefined,
            down: () => undefined,
          }}
          onChange={text.edit}
          onFocus={() => undefined}
          onView={(view) => {
            editor.current = view;
          }}
        />
      </div>
      <div className="chart-draw">
        <Button small icon={<Play aria-hidden fill="currentColor" />} disabledReason={isDrawing ? 'It is being drawn' : undefined} onClick={() => void draw()}>
          Draw
        </Button>
        <SaveWords text={text} />
        <span className="card-gap" />
        <span className="text-meta text-3">{isDrawing ? 'Drawing…' : isOld ? 'Shown as it was drawn before the changes' : ''}</span>
      </div>
      {found.error !== null && !isDrawing ? (
        failed === null ? (
          <Failure title="The chart could not be drawn" error={found.error} onRetry={() => void draw()} />
        ) : (
          <Failed failed={failed} file={chart.file} onLine={(number) => (editor.current === null ? undefined : goToLine(editor.current, number))} />
        )
      ) : found.data === undefined ? (
        <div className="chart-picture" aria-busy="true" />
      ) : (
        <figure className={isDrawing || isOld ? 'grid-old' : ''}>
          <Result found={found.data} name={chart.name} />
        </figure>
      )}
    </>
  );
}
