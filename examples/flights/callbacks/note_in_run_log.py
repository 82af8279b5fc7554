from datetime import datetime

from flights.utils.output import output_folder

if 'callback' not in globals():
    from mage_ai.data_preparation.decorators import callback


def note(words: str, variables: dict) -> None:
    """One line more in `runs.log` of the output folder."""
    line = f'{datetime.now():%Y-%m-%d %H:%M:%S}  {variables["parent_block_uuid"]}: {words}\n'
    with (output_folder(variables) / 'runs.log').open('a', encoding='utf-8') as log:
        log.write(line)


@callback('success')
def note_success(result, **kwargs) -> None:
    """`result` is what the exporter returned."""
    note(f'exported {result}', kwargs)


@callback('failure')
def note_failure(result, **kwargs) -> None:
    note(f'failed: {kwargs.get("__error")}', kwargs)
