"""Run the rules on images and requests, and collect their findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from imgcost import geometry
from imgcost.arguments import check_choice, to_date, to_dollars
from imgcost.errors import ArgumentError, RequestError
from imgcost.figures import dollars
from imgcost.pdfs import token_range
from imgcost.preflight.costs import Costs
from imgcost.preflight.findings import Findings, Spools
from imgcost.preflight.inputs import block_input, document_input, text_input
from imgcost.preflight.models import DEFAULT_PLATFORM, ModelFinder
from imgcost.preflight.sessions import TurnCost, turn_costs
from imgcost.preflight.singles import ImageChecker
from imgcost.rules import CheckContext, CostInput, RequestInput, Scope, find_rule, rules_of
from imgcost.tables import advice_on, limits_on, platforms, today

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from imgcost.arguments import Dollars
    from imgcost.messages import MediaBlock, Request
    from imgcost.preflight.locations import Locator
    from imgcost.preflight.singles import CheckedImages
    from imgcost.rules import DocumentInput, Finding, ImageInput, TextInput
    from imgcost.shapes import History
    from imgcost.tables import NamedModel, Platform

__all__ = ["Checker", "model_names"]


class Checker:
    """One check: its settings, and its findings so far.

    Args:
        platform: The platform; None for the one that the name of the model implies, else the Claude API.
        as_of: The date; today if None.
        ignore: Names of rules to skip.
        budget_usd: Maximum cost of all images, US dollars.
        spools: Storage for findings and images; None to keep them in memory.

    Raises:
        NoPriceError: Nothing is published for the platform on that date.
        ImgcostError: A rule to skip does not exist.
        ArgumentError: The platform, the date, the rules or the budget have a wrong type.
    """

    def __init__(
        self,
        platform: Platform | None,
        as_of: date | None,
        ignore: Iterable[str] = (),
        budget_usd: Dollars | None = None,
        spools: Spools | None = None,
    ) -> None:
        """Validate the settings."""
        if platform is not None:
            check_choice("platform", platform, platforms())
        self.day = to_date(as_of) or today()
        self._budget_usd = to_dollars("budget_usd", budget_usd)
        self.models = ModelFinder(platform, self.day)
        self._advice = advice_on(self.day)
        ignored = {find_rule(name).name for name in _rule_names(ignore)}
        self._rules = {
            scope: [rule for rule in rules_of(scope) if rule.name not in ignored] for scope in get_args(Scope)
        }
        self._notes: dict[str, None] = {}
        self._turns: list[TurnCost] = []
        self._on_disk = spools is not None
        self._findings, self._images = spools or Spools.create(in_memory=True)
        self._costs = Costs(self.day, platform or DEFAULT_PLATFORM)

    def note(self, text: str) -> None:
        """Add a note, unless it is already there."""
        self._notes[text] = None

    def context(self, *models: NamedModel, platform: Platform | None = None) -> CheckContext:
        """Return the context for these models."""
        platform = platform or self.models.platform
        limits = limits_on(platform, self.day)
        return CheckContext(platform, self.day, limits, self._advice, tuple(named.model for named in models))

    def check(self, scope: Scope, item: Any, context: CheckContext, locator: Locator | None = None) -> None:
        """Run all rules of a scope, and store their findings."""
        self._store(self._run(scope, item, context), locator)

    def _run(self, scope: Scope, item: Any, context: CheckContext) -> Iterator[Finding]:
        for rule in self._rules[scope]:
            yield from rule.check(item, context)

    def _check_each(self, scope: Scope, items: Iterable[Any], context: CheckContext, locator: Locator) -> None:
        for item in items:
            self.check(scope, item, context, locator)

    def _store(self, findings: Iterable[Finding], locator: Locator | None) -> None:
        for finding in findings:
            self._findings.append(locator.relocated(finding) if locator else finding)

    def image_checker(self, model: NamedModel | None, *, one_request: bool) -> ImageChecker:
        """Return what checks images for a model, in this process or others."""
        context = self.context(model, platform=self.models.platform_of(model)) if model else self.context()
        return ImageChecker(context, self._rules, one_request=one_request)

    def add_images(self, results: Iterable[CheckedImages], model: NamedModel | None, *, one_request: bool) -> None:
        """Store and count checked images, and check them as one request if they are sent in one."""
        together = []
        for checked in results:
            self._findings.extend(checked.findings)
            self._images.extend(checked.images)
            together += checked.together
            if model and checked.has_images:
                self.models.use(model)
                for image in checked.unmeasured:
                    self._costs.add_image(image, model.model)
        if model:
            tokens = self._images.totals["tokens"]
            self._costs.add(tokens, model, "all images", alone=one_request)
            if one_request:
                self._check_together(together, tokens, model)

    def check_request(
        self,
        request: Request,
        model: str | None,
        locator: Locator,
        *,
        batch: bool = False,
        platform: Platform | None = None,
        implied: frozenset[str] = frozenset(),
    ) -> None:
        """Check a request and its content.

        Args:
            request: The request.
            model: The model; None for the one that the request names.
            locator: The location of the request.
            batch: Whether it is part of a message batch, so that the batch price applies.
            platform: The platform that the shape of the request implies.
            implied: Required arguments that are given elsewhere, such as in the URL.
        """
        named = self.models.find_all(model_names(request, model), platform)
        self._costs.platform = named.platform
        context = self.context(*named.models, platform=named.platform)
        images = tuple(block_input(block) for block in request.media if block.kind == "image")
        documents = tuple(self._document_input(block, context) for block in request.media if block.kind == "document")
        checker = ImageChecker(context, self._rules)
        tokens = sum([self._measure(image, checker, locator) for image in images])
        pages = [document.tokens for document in documents if document.tokens]
        priced = named.models[0] if named.models else None
        whole = RequestInput(
            "",
            model or request.model or next(iter(request.fallbacks), None),
            named.problem,
            images,
            documents,
            request.turns,
            request.body_bytes,
            tokens + sum(page_tokens.lower for page_tokens in pages),
            tokens + sum(page_tokens.upper for page_tokens in pages),
            request.results,
            request.cache_breakpoints,
            sum(_utf8_bytes(text.text) for text in request.texts),
            max_tokens=request.max_tokens or not request.model or "max_tokens" in implied,
        )
        self._check_each("shape", request.problems, context, locator)
        self.check("request", whole, context, locator)
        self._check_each("source", (*images, *documents), context, locator)
        for image in images:
            self._store(checker.findings(image), locator)
        self._check_each("document", documents, context, locator)
        self._check_each("turn", request.turns, context, locator)
        self._check_each("text", self._text_inputs(request, priced, batch=batch), context, locator)
        for document in documents:
            located = document._replace(location=locator.location(document.location))
            self._costs.add_document(located, context.models[0] if context.models else None)
        if images or pages:
            text_bytes = request.body_bytes - sum(image.text_bytes or 0 for image in images)
            self._costs.add(
                whole.tokens,
                priced,
                locator.location() or "the request",
                upper_tokens=whole.upper_tokens,
                text_bytes=text_bytes,
                batch=batch,
            )

    @staticmethod
    def _document_input(block: MediaBlock, context: CheckContext) -> DocumentInput:
        """Return a document with the tokens of its pages for the main model."""
        document, outline = document_input(block)
        tokens = token_range(outline, context.models[0]) if outline and context.models else None
        return document._replace(tokens=tokens)

    def _text_inputs(self, request: Request, model: NamedModel | None, *, batch: bool) -> Iterator[TextInput]:
        """Return the texts that contain base64, with its cost."""
        for text in request.texts:
            encoded = text_input(text)
            if encoded is None:
                continue
            base64, size = encoded
            tier = model.model.tier if model else None
            if size and model and tier:
                base64 = base64._replace(image_tokens=geometry.image_tokens(*size, tier, model.model.formula))
            usd = self._costs.text_usd(base64.characters, model, batch=batch) if model else None
            yield base64._replace(text_usd=None if usd is None else dollars(usd))

    def _check_together(self, images: Sequence[ImageInput], tokens: int, model: NamedModel) -> None:
        """Check images as a request without any other content."""
        size = sum(image.text_bytes or 0 for image in images)
        whole = RequestInput("", model.model.id, None, tuple(images), (), (), size, tokens)
        files = {image.location: image.file for image in images}
        for finding in self._run("request", whole, self.context(model)):
            self._findings.append(finding._replace(file=files.get(finding.location)))

    def add_session(self, history: History, locator: Locator) -> None:
        """Add what the images of a session have cost so far."""
        self._turns += turn_costs(history, locator, self._costs, self.day)

    def report_invalid(self, problem: RequestError, locator: Locator) -> None:
        """Report that something is not a request."""
        line = locator.line()
        problem.location = locator.absolute(problem.location, line) or "request"
        for finding in self._run("shape", problem, self.context()):
            self._findings.append(finding._replace(file=locator.file, line=line))

    def findings(self) -> Findings:
        """Check the budget, and return all findings."""
        costs = self._costs
        if self._budget_usd is not None:
            gaps = costs.unknown + costs.unread
            bill = CostInput(
                "all images", costs.known_usd, costs.upper_usd, self._budget_usd, gaps, pages=costs.pages > 0
            )
            self.check("bill", bill, self.context())
        return Findings(
            self._findings if self._on_disk else tuple(self._findings),
            self._images if self._on_disk else tuple(self._images),
            None if costs.unknown else costs.known_usd,
            self.models.platform,
            self.day,
            costs.known_usd,
            costs.unknown,
            (*self._notes, *costs.notes),
            None if costs.unknown else costs.upper_usd,
            costs.pages,
            tuple(self._turns),
            costs.models,
        )

    def _measure(self, image: ImageInput, checker: ImageChecker, locator: Locator) -> int:
        """Store the size of an image, and return its tokens for the main model."""
        located = image._replace(location=locator.location(image.location))
        checked = checker.measure(located)
        self._images.append(checked)
        if checked.tokens is None:
            self._costs.add_image(located, checker.model)
        return checked.tokens or 0


def model_names(request: Request, model: str | None) -> tuple[str, ...]:
    """Return the names of the models that may answer a request: the given one, or those that it names."""
    return (model,) if model else ((request.model,) if request.model else ()) + request.fallbacks


def _utf8_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _rule_names(ignore: Any) -> list[str]:
    names = [ignore] if isinstance(ignore, str) else ignore
    try:
        rules = list(names)
    except TypeError:
        raise ArgumentError("ignore", ignore, "names of rules, such as 'downscaled'") from None
    for name in rules:
        if not isinstance(name, str):
            raise ArgumentError("ignore", name, "names of rules, such as 'downscaled'")
    return rules
