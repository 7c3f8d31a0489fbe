"""``python -m scripts.ctl``: kioskctl without its entry point."""

from scripts.ctl.main import app

app()
