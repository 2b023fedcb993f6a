"""What all plots share: a late import of Matplotlib, and colours."""

# Distinguishable in grey print and for colour-blind readers (Okabe and Ito, 2008).
BLUE, ORANGE, GREEN, BLACK = "#0072B2", "#D55E00", "#009E73", "#000000"
_CURVE = "curve"  # marks the lines that `next_style` counts
_STYLES = [(BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (BLACK, ":", "D")]


def pyplot():
    """The module `matplotlib.pyplot`; raises an error that says how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'Plotting needs Matplotlib, which is not installed: pip install "skdigits[plot]"'
        ) from error
    return plt


def new_axes(figsize):
    """The axes of a new figure."""
    return pyplot().subplots(figsize=figsize, layout="constrained")[1]


def next_style(ax):
    """Colour, line style and marker of the next curve, to tell several apart even in print."""
    n_curves = sum(line.get_gid() == _CURVE for line in ax.lines)
    color, linestyle, marker = _STYLES[n_curves % len(_STYLES)]
    return {"color": color, "linestyle": linestyle, "marker": marker, "gid": _CURVE}
