"""`gaussmix name`: names for the components of a model."""

from __future__ import annotations

import click

from gaussmix.cli.options import debug_option, model_argument

__all__ = ["command"]


@click.command("name", short_help="Name the components of a model.")
@model_argument
@click.argument("names", nargs=-1, metavar="[K=NAME]...")
@debug_option
def command(model_path: str, names: tuple[str, ...]) -> None:
    """Name the components of a model; without names, show those it has.

    MODEL is a model.json or a folder of results; the names are written to it, and all commands show them.
    K= takes a name away.

    \b
    gaussmix name gaussmix-iris 0=setosa 1="versicolor or so"
    """  # noqa: D301 - not raw: Click keeps the lines of a paragraph after the character, not the letters
    from pathlib import Path

    from gaussmix import load_model
    from gaussmix.cli.output import terminal, warnings_as_lines
    from gaussmix.explain.groups import component_labels
    from gaussmix.explain.terminal import Terminal
    from gaussmix.explain.wording import clean_text

    with warnings_as_lines():
        model = load_model(model_path)
        if names:
            try:
                model.name_components(dict(_parsed(one) for one in names))
            except ValueError as error:
                raise click.UsageError(f"{error}.") from None
            path = Path(model_path)
            model.save(path / "model.json" if path.is_dir() else path)
    screen = Terminal(terminal())
    for k, label in enumerate(component_labels(model)):
        screen.line(f"{k}: {clean_text(label)}")


def _parsed(text: str) -> tuple[int, str | None]:
    number, sign, name = text.partition("=")
    if not sign or not number.strip().isdecimal():
        raise click.UsageError(f"names are given as K=NAME, such as 0=young, but one is '{text}'.")
    return int(number), name.strip() or None
