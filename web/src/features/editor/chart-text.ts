// The code of a chart while it is open: kept in step with its file as the texts of the notebook are.
import { type Kept, readChart, refreshCharts, saveChart } from '../../api/charts';
import { type Cell, edited, empty, loaded, type Loaded, type Notebook, resolved, shown } from '../../core/notebook/document';
import { block } from '../../core/notebook/read';
import { createStore, type Store } from '../../core/notebook/store';
import { createSaver } from './saver';

export interface ChartText {
  notebook: Store<Notebook>;
  cell: () => Cell | undefined;
  edit: (text: string) => void;
  /** The same with a text that was not typed. */
  put: (text: string) => void;
  flush: () => Promise<void>;
  resolve: (keep: 'mine' | 'theirs') => void;
  /** What the file was seen to hold. */
  seen: (chart: Kept) => void;
}

const asLoaded = (chart: Kept): Loaded => ({
  block: block({ uuid: chart.uuid, type: 'chart', language: chart.language, file: chart.file }),
  content: chart.content,
  revision: chart.revision,
});

export function createChartText(pipeline: string, chart: Kept): ChartText {
  const { uuid } = chart;
  const notebook = createStore(loaded(empty(pipeline), '', [asLoaded(chart)]));
  const { save, soon, flush } = createSaver({
    notebook,
    write: (name, text, revision) => saveChart(pipeline, name, text, revision),
    read: (name) => readChart(pipeline, name),
    onSaved: () => void refreshCharts(pipeline),
  });
  const edit = (text: string) => {
    notebook.set((now) => edited(now, uuid, text));
    soon(uuid);
  };
  return {
    notebook,
    cell: () => notebook.get().cells.get(uuid),
    edit,
    put: (text) => {
      edit(text);
      notebook.set((now) => shown(now, uuid));
    },
    flush,
    resolve: (keep) => {
      notebook.set((now) => resolved(now, uuid, keep));
      void save(uuid);
    },
    seen: (now) => notebook.set((before) => loaded(before, '', [asLoaded(now)])),
  };
}
