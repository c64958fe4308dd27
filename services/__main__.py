"""The `encompass` command."""

import typer

from services.commands import (
    admin,
    calendar,
    demo,
    directory,
    docs,
    erase,
    fallback,
    force,
    ingest,
    keyrings,
    policy,
    rehearse,
    serve,
    suppress,
)

app = typer.Typer(
    help="Tells a school about domestic abuse before the child walks in.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with locals would print personal data
)
app.command()(serve.serve)
app.command()(serve.migrate)
app.command()(demo.demo)
app.command()(docs.docs)
app.command()(rehearse.rehearse)
app.command(name="sign-in")(admin.sign_in)
app.add_typer(admin.keys, name="key")
app.command()(erase.restore)
app.add_typer(keyrings.app, name="keyring")
app.add_typer(erase.app, name="erase")
app.add_typer(admin.inboxes, name="inbox")
app.add_typer(directory.app, name="directory")
app.add_typer(calendar.app, name="calendar")
app.add_typer(policy.app, name="policy")
app.add_typer(force.app, name="force")
app.add_typer(fallback.app, name="fallback")
app.add_typer(suppress.app, name="suppress")
app.add_typer(ingest.app, name="ingest")


def main() -> None:
    """The entry point."""
    app()


if __name__ == "__main__":
    main()
