"""The tab to review what is in doubt on forms, by keyboard."""

import gradio as gr

from skdigits.app._answers import say, show_image
from skdigits.forms._review import CORRECTIONS, Review

_PRIVATE = {"show_progress": "hidden", "api_visibility": "private"}
_HOW = "Enter accepts, digits and Enter correct, - and Enter means blank."
_FOCUS = "() => document.querySelector('#review-answer input, #review-answer textarea')?.focus()"


def review_tab(folder):
    """Build the tab.

    Parameters
    ----------
    folder : str or path
        Of results, see :class:`skdigits.forms._review.Review`.
    """
    handlers = _Handlers(Review(folder))
    place = gr.State(handlers.start)
    said, picture, answer = handlers.show(handlers.start())
    said = gr.HTML(said, elem_id="review-said")
    picture = gr.HTML(picture, elem_id="review-picture")
    answer = gr.Textbox(label=_HOW, autofocus=True, max_lines=1, elem_id="review-answer", **answer)
    with gr.Row():
        accept = gr.Button("Accept", variant="primary", elem_id="review-accept")
        back = gr.Button("Back", elem_id="review-back")
    shown = [place, said, picture, answer]
    for event in (answer.submit, accept.click):
        event(handlers.decide, [place, answer], shown, **_PRIVATE).then(None, js=_FOCUS)
    back.click(handlers.go_back, place, shown, **_PRIVATE).then(None, js=_FOCUS)


class _Handlers:
    def __init__(self, review):
        self._review = review

    def start(self):
        """The first doubt that nobody has decided."""
        return self._review.next_open()

    def decide(self, place, typed):
        """Save the answer, and show the next doubt."""
        if place >= len(self._review.doubts):
            return self._shown(place)
        try:
            self._review.decide(place, typed)
        except ValueError as error:
            return self._shown(place, str(error))
        return self._shown(self._review.next_open(place))

    def go_back(self, place):
        """Show the doubt before, to decide anew."""
        return self._shown(max(0, place - 1))

    def _shown(self, place, problem=""):
        said, picture, answer = self.show(place, problem)
        return place, said, picture, gr.Textbox(value="", **answer)

    def show(self, place, problem=""):
        """What to say of a doubt, its picture, and how its text box looks."""
        doubts, n_done = self._review.doubts, self._review.n_done
        if place >= len(doubts):
            text = (
                f"All {len(doubts)} are done. Run skdigits forms again for the table; the digits "
            )
            text += f"are in {self._review.folder / CORRECTIONS}."
            return say(text), "", {"placeholder": "", "interactive": False}
        doubt = doubts[place]
        text = doubt.read.text if doubt.answer is None else doubt.answer
        others = ", ".join(other or "blank" for other, _ in doubt.read.alternatives)
        line = f"{n_done} of {len(doubts)} done. {doubt.scan}, {doubt.name}: "
        line += f"{text or 'blank'} ({doubt.read.confidence:.0%})"
        line += f", or {others}" if others else ""
        return (
            say(f"{problem} {line}".strip()),
            show_image(doubt.picture, f"Written in {doubt.name}"),
            {"placeholder": text or "blank", "interactive": True},
        )
