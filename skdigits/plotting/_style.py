"""What all plots share: Matplotlib, asked for late, and colours."""

# Distinguishable in grey print and to colour-blind readers (Okabe and Ito, 2008).
BLUE, ORANGE = "#0072B2", "#D55E00"


def pyplot():
    """The module `matplotlib.pyplot`, or an error that says how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'Plotting needs Matplotlib, which is not installed: pip install "skdigits[plot]"'
        ) from error
    return plt


def new_axes(figsize):
    """Axes of a new figure."""
    return pyplot().subplots(figsize=figsize, layout="constrained")[1]
