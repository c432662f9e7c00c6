"""`causeway mappings`: what becomes what, which version is in force, and trying a change out."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.display import table
from cli.existence import unknown_keys
from cli.installation import installation
from cli.options import JsonOption, PairOption, known_keys
from cli.output import finish, say
from core.errors import ConfigError
from core.settings import load_settings
from core.times import utc_now
from core.words import counted
from mappings.files import MappingError
from store.verdicts import Verdict, Verdicts
from store.versions import Version, Versions

SHOWN = 50
"""Records named; `--json` names all."""

mappings = typer.Typer(help="What becomes what: files and their versions.", no_args_is_help=True)

PathArgument = Annotated[
    Path | None,
    typer.Argument(help="Folder of mapping files; those of the installation if not said."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(mappings, name="mappings")


@mappings.command("list")
def list_(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Show the files of the version in force."""
    from cli.mapping_versions import in_force  # noqa: PLC0415 - brings pandas along

    installed = installation(pair)
    bundle = in_force(installed.settings, installed.name)
    rows = [(name, text.count("\n")) for name, text in sorted(bundle.files.items())]
    result = {
        "version": bundle.version,
        "files": [{"file": name, "lines": lines} for name, lines in rows],
    }
    text = f"Version {bundle.version}\n{table(['file', 'lines'], rows)}"
    finish(result, as_json=as_json, text=text)


@mappings.command()
def show(
    file: Annotated[str, typer.Argument(help="Such as orders.yaml or tables/order_status.csv.")],
    *,
    version: Annotated[
        int | None, typer.Option("--version", help="A published version; the one in force if not.")
    ] = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print one file of a version."""
    from cli.mapping_versions import in_force, published_bundle  # noqa: PLC0415 - brings pandas along

    installed = installation(pair)
    settings, name = installed.settings, installed.name
    bundle = (
        in_force(settings, name) if version is None else published_bundle(settings, name, version)
    )
    if file not in bundle.files:
        raise ConfigError(
            f"Version {bundle.version} has no file {file}.",
            remedy=f"It has: {', '.join(sorted(bundle.files))}.",
        )
    result = {"version": bundle.version, "file": file, "text": bundle.files[file]}
    finish(result, as_json=as_json, text=bundle.files[file].rstrip("\n"))


@mappings.command()
def validate(
    path: PathArgument = None, *, pair: PairOption = None, as_json: JsonOption = False
) -> None:
    """Check files against the schema; each problem names file, line and field.

    Says which version is in force, and whether the files differ from it.
    """
    from cli.mapping_versions import from_folder, in_force, said_of_files  # noqa: PLC0415 - brings pandas

    settings = load_settings()
    bundle = from_folder(settings, path, check=False)
    problems = [str(problem) for problem in (*bundle.problems, *bundle.cell_problems)]
    result: dict[str, Any] = {
        "version": bundle.version,
        "valid": not problems,
        "problems": problems,
    }
    text = f"{counted(len(bundle.files), 'file is', 'files are')} valid." if not problems else ""
    if settings.pairs:  # files can be checked where nothing is configured, too
        installed = installation(pair)
        current = in_force(settings, installed.name, check=False)
        differs = said_of_files(current, bundle)
        result |= {"in_force": current.version, "differs": bool(differs)}
        text += f"\n{differs or f'Version {current.version} is in force.'}"
    finish(result, as_json=as_json, text=text.strip(), problem="\n".join(problems))


@mappings.command("try")
def try_(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A BigCommerce order id.")],
    *,
    path: Annotated[
        Path | None, typer.Option("--path", help="Folder of mapping files to try.")
    ] = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Map one order and show the documents, writing nothing."""
    from cli.mapping_versions import from_folder, in_force  # noqa: PLC0415 - brings pandas along

    (key,) = known_keys("orders", [key])
    installed = installation(pair)
    installed.require_database()
    if absent := unknown_keys(installed, "orders", [key]):
        finish({"order": key, "absent": absent}, as_json=as_json, problem=absent[key])
    settings, name = installed.settings, installed.name
    bundle = in_force(settings, name) if path is None else from_folder(settings, path)
    from cli.mapping_trial import map_order, to_text  # noqa: PLC0415 - pandas takes seconds to import

    mapped = map_order(name, key, bundle)
    problem = "" if not mapped["refused"] else "This order would be refused; see above."
    finish(mapped, as_json=as_json, text=to_text(mapped), problem=problem)


@mappings.command()
def publish(
    path: PathArgument = None,
    *,
    note: Annotated[str, typer.Option("--note", help="Why, for the history.")] = "",
    author: Annotated[str | None, typer.Option("--author", help="Who; you if not said.")] = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the files an immutable, numbered version, in force from the next run on."""
    # All of it brings pandas along.
    from cli.mapping_versions import from_folder, in_force  # noqa: PLC0415
    from tasks.reconciler.cases import release_mapped  # noqa: PLC0415

    installed = installation(pair)
    settings, name = installed.settings, installed.name
    bundle = from_folder(settings, path)
    if problems := bundle.cell_problems:
        raise MappingError(problems)
    before = in_force(settings, name)
    if before.version.isdecimal() and before.files == bundle.files:
        result: dict[str, Any] = {"number": int(before.version), "diff": "", "released": 0}
        finish(result, as_json=as_json, text=f"Version {before.version} is the same already.")
        return
    database = installed.database()
    version = Versions(database).publish(
        name, files=bundle.files, author=author or getpass.getuser(), note=note, now=utc_now()
    )
    released = release_mapped(database, name, before, bundle, utc_now())
    changes = before.diff(bundle)
    result = {**_row(version), "diff": changes, "released": released}
    lines = [changes, f"Published as version {version.number}.", _released_text(released)]
    finish(result, as_json=as_json, text="\n".join(filter(None, lines)))


def _released_text(released: int) -> str:
    """What was released, as a sentence; empty if nothing was."""
    match released:
        case 0:
            return ""
        case 1:
            return "1 quarantined record has its row now and is synced again."
        case _:
            return f"{released} quarantined records have their rows now and are synced again."


@mappings.command()
def add(  # noqa: PLR0913 - the options of a command
    table_name: Annotated[str, typer.Argument(metavar="TABLE", help="Such as skus or channels.")],
    value: Annotated[str, typer.Argument(help="The left column.")],
    becomes: Annotated[str, typer.Argument(help="The right column.")],
    *,
    note: Annotated[str, typer.Option("--note", help="Why, for the table and the history.")] = "",
    author: Annotated[str | None, typer.Option("--author", help="Who; you if not said.")] = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a row to a table, put it in force and release what waited for it.

    The row is written into the file. Where a version was published, the next one is published:
    the version in force with this row, and nothing else that the files may hold.
    """
    from cli import mapping_versions as versions  # noqa: PLC0415 - brings pandas along
    from tasks.reconciler.cases import release_mapped  # noqa: PLC0415 - the same

    installed = installation(pair)
    name = installed.name
    added = versions.add_row(
        installed.settings, name, table_name, (value.strip(), becomes.strip(), note)
    )
    database, number = installed.database(), added.before.version
    if number.isdecimal() and added.after.files != added.before.files:
        version = Versions(database).publish(
            name,
            files=added.after.files,
            author=author or getpass.getuser(),
            note=note or f"{table_name}: {value} becomes {becomes}",
            now=utc_now(),
        )
        number = str(version.number)
    released = release_mapped(database, name, added.before, added.after, utc_now())
    result: dict[str, Any] = {"file": str(added.path), "version": number, "released": released}
    lines = [f"{value} becomes {becomes}: written to {added.path}."]
    if number.isdecimal():
        lines[0] += f" Version {number} is in force."
    lines.append(_released_text(released))
    if added.others and number.isdecimal():
        lines.append("The files differ from it in other rows, see: causeway mappings diff")
    finish(result, as_json=as_json, text="\n".join(filter(None, lines)))


@mappings.command("suggest")
def suggest_(  # noqa: PLR0913 - the options of a command
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME…]", help="Fields such as billing.city, or values."),
    ] = None,
    *,
    entity: Annotated[
        str, typer.Option("--entity", help="Of fields: order, contact or product.")
    ] = "order",
    table_name: Annotated[
        str | None,
        typer.Option("--table", help="Suggest values of this lookup table, not fields."),
    ] = None,
    confirm: Annotated[
        str | None,
        typer.Option("--confirm", help="What the one NAME becomes; empty: nothing. It is learnt."),
    ] = None,
    author: Annotated[str | None, typer.Option("--author", help="Who; you if not said.")] = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Suggest what fields or values become, with score and reason; nothing is changed.

    With --table and no NAME, it suggests values that records in quarantine wait for. With
    --confirm a person's decision joins the library that later suggestions rest on; it changes no
    mapping.
    """
    from cli import mapping_suggestions as suggestions  # noqa: PLC0415 - brings scikit-learn along

    installed = installation(pair)
    if confirm is not None:
        if not names or len(names) > 1:
            raise ConfigError("--confirm is about one NAME.", remedy="Name one field or value.")
        subject = names[0]
        feature = suggestions.FIELDS if table_name is None else suggestions.VALUES
        who, about = author or getpass.getuser(), table_name or entity
        verdict = Verdict(feature, about, subject, confirm, who, utc_now())
        Verdicts(installed.database()).add(installed.name, verdict)
        result: dict[str, Any] = {"name": subject, "becomes": confirm, "of": about}
        finish(result, as_json=as_json, text=f"Learnt: {subject} becomes {confirm or 'nothing'}.")
        return
    if table_name is None:
        if not names:
            raise ConfigError(
                "Say for which fields.",
                remedy="causeway mappings suggest billing.city items.sku, or --table TABLE.",
            )
        documents, text = suggestions.field_suggestions(installed, entity, names)
    else:
        options = suggestions.options_of(installed, table_name)
        documents, text = suggestions.value_suggestions(installed, table_name, names or (), options)
    finish(documents, as_json=as_json, text=text)


@mappings.command()
def copy(
    folder: Annotated[Path, typer.Argument(help="A new folder; nothing is overwritten.")],
) -> None:
    """Copy the shipped mapping files and tables to a folder, to be changed there."""
    from cli.mapping_versions import copy_shipped  # noqa: PLC0415 - brings pandas along

    count = copy_shipped(folder)
    say(
        f"{counted(count, 'file')} copied. Put the folder in use by: "
        f"export CAUSEWAY_MAPPINGS_PATH={folder.absolute()}"
    )


@mappings.command()
def history(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Show the published versions, the newest first."""
    installed = installation(pair)
    versions = Versions(installed.existing_database()).history(installed.name)
    rows = [_row(version) for version in versions]
    columns = ["number", "published_at", "author", "hash", "note"]
    text = table(columns, [[row[column] for column in columns] for row in rows])
    finish(rows, as_json=as_json, text=text if rows else "Nothing was published; files rule.")


@mappings.command()
def diff(
    old: Annotated[
        int | None, typer.Argument(help="A published version; the one in force if not said.")
    ] = None,
    new: Annotated[int | None, typer.Argument(help="Another; the files if not said.")] = None,
    *,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two versions, or between one and the files."""
    # Mappings bring pandas along.
    from cli.mapping_versions import from_folder, in_force, published_bundle  # noqa: PLC0415

    installed = installation(pair)
    settings, name = installed.settings, installed.name
    before = in_force(settings, name) if old is None else published_bundle(settings, name, old)
    after = from_folder(settings, None) if new is None else published_bundle(settings, name, new)
    changes = before.diff(after)
    result = {"old": before.version, "new": after.version, "diff": changes}
    finish(result, as_json=as_json, text=changes.rstrip("\n") or "They are the same.")


@mappings.command()
def rollback(
    number: Annotated[int, typer.Argument(help="The version to return to.")],
    *,
    requeue: Annotated[
        bool, typer.Option("--requeue", help="Sync again what the version in force wrote.")
    ] = False,
    author: Annotated[str | None, typer.Option("--author", help="Who; you if not said.")] = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish an older version again; names the records that the newer one wrote."""
    from cli import mapping_versions as versions  # noqa: PLC0415 - brings pandas along

    installed = installation(pair)
    settings, name = installed.settings, installed.name
    bad = versions.in_force(settings, name)
    good = versions.published_bundle(settings, name, number)
    if good.files == bad.files:
        same: dict[str, Any] = {"number": int(bad.version), "written": [], "requeued": 0}
        finish(same, as_json=as_json, text=f"Version {bad.version} is the same already.")
        return
    database = installed.database()
    version = Versions(database).publish(
        name,
        files=good.files,
        author=author or getpass.getuser(),
        note=f"back to version {number}",
        now=utc_now(),
    )
    written = versions.written_by(database, name, bad.version)
    queued = versions.requeue(database, name, written) if requeue else 0
    result = {
        **_row(version),
        "written_by": bad.version,
        "written": [{"entity": entity, "key": key} for entity, key in written],
        "requeued": queued,
    }
    finish(
        result, as_json=as_json, text=_rolled_back(version, number, bad.version, written, queued)
    )


def _rolled_back(
    version: Version, number: int, bad: str, written: list[tuple[str, str]], queued: int
) -> str:
    lines = [
        f"Version {version.number} is in force, equal to {number}.",
        f"Version {bad} wrote {counted(len(written), 'record')}.",
        *(f"  {entity} {key}" for entity, key in written[:SHOWN]),
    ]
    if len(written) > SHOWN:
        lines.append(f"  … and {len(written) - SHOWN} more (--json names all)")
    if written:
        again = f"{queued} {'was' if queued == 1 else 'were'} put back into the inbox."
        lines.append(again if queued else "Add --requeue to sync them again.")
    return "\n".join(lines)


def _row(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "published_at": version.published_at,
        "author": version.author,
        "hash": version.hash,
        "note": version.note,
    }
