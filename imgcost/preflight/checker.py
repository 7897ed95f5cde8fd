"""Asking the rules: which models may answer, what holds that day, and what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from imgcost import geometry
from imgcost.arguments import take_choice, take_day, take_dollars
from imgcost.errors import ArgumentError, ImgcostError, NoPriceError, RequestError, UnknownModelError
from imgcost.figures import dollars
from imgcost.pdfs import token_range
from imgcost.preflight.costs import Costs
from imgcost.preflight.findings import CheckedImage, Findings, Spools
from imgcost.preflight.inputs import block_input, document_input, text_input
from imgcost.preflight.sessions import TurnCost, turn_costs
from imgcost.rules import CheckContext, CostInput, RequestInput, Scope, find_rule, rules_of
from imgcost.tables import FIRST_PARTY, advice_on, limits_on, platforms, resolve_model, today

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from imgcost.arguments import Dollars
    from imgcost.messages import Block, Request
    from imgcost.preflight.locations import Locator
    from imgcost.preflight.spools import Spool
    from imgcost.rules import DocumentInput, Finding, ImageInput, TextInput
    from imgcost.shapes import History
    from imgcost.tables import Model, NamedModel, Platform

__all__ = ["Checker"]

DEFAULT_PLATFORM: Platform = "claude-api"

_VERSIONS: dict[str, Platform] = {"bedrock": "bedrock", "vertex": "google-cloud"}
"""The platforms whose bodies have an `anthropic_version` of their own, such as `bedrock-2023-05-31`."""


class _Named(NamedTuple):
    """The models that may answer a request, and why not where they may not."""

    models: tuple[NamedModel, ...]
    problem: str | None
    platform: Platform


class Checker:
    """One check: what is asked of images and requests, and what has been found so far.

    Args:
        platform: Where it will be sent; None for the platform that the name of the model implies, else the Claude API.
        as_of: The day; today if None.
        ignore: Names of rules that are not to be asked.
        budget_usd: What all of it may cost, US dollars.
        spools: Where findings and images are kept instead of in memory; None for tuples of them.

    Raises:
        NoPriceError: Nothing is known of the platform on that day.
        ImgcostError: A rule to be ignored does not exist.
        ArgumentError: The platform, the day, the rules or the budget are of another kind.
    """

    def __init__(
        self,
        platform: Platform | None,
        as_of: date | None,
        ignore: Iterable[str] = (),
        budget_usd: Dollars | None = None,
        spools: Spools | None = None,
    ) -> None:
        """Settle what holds."""
        if platform is not None:
            take_choice("platform", platform, platforms())
        self.day = take_day(as_of) or today()
        self._given = platform
        self._implied: dict[Platform, None] = {}
        self._budget_usd = take_dollars("budget_usd", budget_usd)
        limits_on(platform or DEFAULT_PLATFORM, self.day)  # whether anything is known of that date
        self._advice = advice_on(self.day)
        ignored = {find_rule(name).name for name in _rule_names(ignore)}
        self._rules = {
            scope: [rule for rule in rules_of(scope) if rule.name not in ignored] for scope in get_args(Scope)
        }
        self._named: dict[tuple[Any, ...], _Named] = {}
        self._notes: dict[str, None] = {}
        self._turns: list[TurnCost] = []
        self._spools = spools
        self._found: list[Finding] | Spool[Finding] = spools.found if spools else []
        self._images: list[CheckedImage] | Spool[CheckedImage] = spools.images if spools else []
        self._costs = Costs(self.day, platform or DEFAULT_PLATFORM)

    def note(self, text: str) -> None:
        """Keep something that a reader should know, once."""
        self._notes[text] = None

    @property
    def platform(self) -> Platform:
        """Where all of it is sent: as given, else as every model's name implies."""
        if self._given is None and len(self._implied) == 1:
            return next(iter(self._implied))
        return self._given or DEFAULT_PLATFORM

    def context(self, *models: NamedModel, platform: Platform | None = None) -> CheckContext:
        """What applies to these models."""
        where = platform or self.platform
        limits = limits_on(where, self.day)
        return CheckContext(where, self.day, limits, self._advice, tuple(one.model for one in models))

    def check(self, scope: Scope, about: Any, context: CheckContext, locator: Locator | None = None) -> None:
        """Ask all rules of a scope, and keep what they find."""
        for found in self._answers(scope, about, context):
            self._found.append(locator.relocated(found) if locator else found)

    def _answers(self, scope: Scope, about: Any, context: CheckContext) -> Iterator[Finding]:
        for rule in self._rules[scope]:
            yield from rule.check(about, context)

    def check_images(self, seen: Iterable[ImageInput], model: NamedModel, *, one_request: bool) -> None:
        """Check images by themselves, and count them; then as one request, if they are to be sent as one."""
        context = self.context(model)
        together = []
        tokens = 0
        for image in seen:
            for found in self._answers("image", image, context):
                self._found.append(found._replace(file=image.file))
            if not image.stray:
                tokens += self._count(image, context)
                if one_request:  # of a folder of millions nothing else is kept
                    together.append(image)
        self._costs.add(tokens, model, "all images", alone=one_request)
        if one_request:
            self._check_together(together, model)

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
        """Ask about a request and all that is in it.

        Args:
            request: The request.
            model: The model to be asked instead of the one that the request names.
            locator: Where the request is.
            batch: Whether it goes through the Message Batches API, at its price.
            platform: Where the shape of the request says that it is sent.
            implied: Required arguments that come from elsewhere, such as the URL.
        """
        names = (model,) if model else ((request.model,) if request.model else ()) + request.fallbacks
        named = self._find_models(names, request.version, platform)
        self._implied[named.platform] = None
        self._costs.platform = named.platform
        context = self.context(*named.models, platform=named.platform)
        images = tuple(block_input(block) for block in request.blocks if block.kind == "image")
        documents = tuple(self._document_input(block, context) for block in request.blocks if block.kind == "document")
        tokens = sum([self._count(image, context, locator) for image in images])
        pages = [document.tokens for document in documents if document.tokens]
        priced = named.models[0] if named.models else None
        seen = RequestInput(
            "",
            names[0] if names else None,
            named.problem,
            images,
            documents,
            request.turns,
            request.body_bytes,
            tokens + sum(each.least for each in pages),
            tokens + sum(each.most for each in pages),
            request.results,
            request.cache_breakpoints,
            sum(_utf8_bytes(text.text) for text in request.texts),
            max_tokens=request.max_tokens or not request.model or "max_tokens" in implied,
        )
        abouts: list[tuple[Scope, Iterable[Any]]] = [
            ("shape", request.problems),
            ("request", [seen]),
            ("source", (*images, *documents)),
            ("image", images),
            ("document", documents),
            ("turn", request.turns),
            ("text", self._text_inputs(request, priced, batch=batch)),
        ]
        for scope, each in abouts:
            for about in each:
                self.check(scope, about, context, locator)
        for document in documents:
            located = document._replace(location=locator.location(document.location))
            self._costs.document_input(located, context.models[0] if context.models else None)
        if images or pages:
            text_bytes = request.body_bytes - sum(image.text_bytes or 0 for image in images)
            self._costs.add(
                seen.tokens,
                priced,
                locator.location() or "the request",
                most_tokens=seen.most_tokens,
                text_bytes=text_bytes,
                batch=batch,
            )

    @staticmethod
    def _document_input(block: Block, context: CheckContext) -> DocumentInput:
        """See a document, with what its pages cost for the model that is checked first."""
        seen, outline = document_input(block)
        tokens = token_range(outline, context.models[0]) if outline and context.models else None
        return seen._replace(tokens=tokens)

    def _text_inputs(self, request: Request, model: NamedModel | None, *, batch: bool) -> Iterator[TextInput]:
        """See the texts that have base64 in them, with what it costs."""
        for text in request.texts:
            found = text_input(text)
            if found is None:
                continue
            seen, size = found
            tier = model.model.tier if model else None
            if size and model and tier:
                seen = seen._replace(image_tokens=geometry.image_tokens(*size, tier, model.model.formula))
            usd = self._costs.text_usd(seen.characters, model, batch=batch) if model else None
            yield seen._replace(text_usd=None if usd is None else dollars(usd))

    def _check_together(self, images: Iterable[ImageInput], model: NamedModel) -> None:
        """Ask about images as one request that holds nothing else."""
        kept = tuple(images)
        tokens = sum(one.tokens or 0 for one in self._images)
        size = sum(image.text_bytes or 0 for image in kept)
        seen = RequestInput("", model.model.id, None, kept, (), (), size, tokens)
        files = {image.location: image.file for image in kept}
        for found in self._answers("request", seen, self.context(model)):
            self._found.append(found._replace(file=files.get(found.location)))

    def add_session(self, history: History, locator: Locator) -> None:
        """Add what the images of a session have cost so far."""
        self._turns += turn_costs(history, locator, self._costs, self.day)

    def refuse(self, problem: RequestError, locator: Locator) -> None:
        """Keep that something is not a request."""
        line = locator.line()
        problem.location = locator.absolute(problem.location, line) or "request"
        for found in self._answers("shape", problem, self.context()):
            self._found.append(found._replace(file=locator.file, line=line))

    def findings(self) -> Findings:
        """Tell all that was found."""
        costs = self._costs
        if self._budget_usd is not None:
            gaps = costs.unknown + costs.unread
            bill = CostInput(
                "all images", costs.known_usd, costs.most_usd, self._budget_usd, gaps, pages=costs.pages > 0
            )
            self.check("bill", bill, self.context())
        spools = self._spools
        return Findings(
            spools.found if spools else tuple(self._found),
            spools.images if spools else tuple(self._images),
            None if costs.unknown else costs.known_usd,
            self.platform,
            self.day,
            costs.known_usd,
            costs.unknown,
            (*self._notes, *costs.notes),
            None if costs.unknown else costs.most_usd,
            costs.pages,
            tuple(self._turns),
        )

    def find_model(self, name: str) -> NamedModel:
        """Find the one model that images are to be checked for.

        Raises:
            UnknownModelError: No table lists the name.
            NoPriceError: It does not read images yet on that date.
            ImgcostError: It is retired on that date.
        """
        found = resolve_model(name, as_of=self.day)
        platform = self._given or found.platform or DEFAULT_PLATFORM
        self._implied[platform] = None
        if self.day < found.model.vision_from:
            raise NoPriceError(found.model.id, self.day, found.model.vision_from, kind="model")
        if problem := self._why_not(found.model, platform):
            raise ImgcostError(f"nothing can be sent: {problem}")
        return found

    def _find_models(self, names: tuple[str, ...], version: str | None, shape: Platform | None) -> _Named:
        key = names, version, shape
        if key not in self._named:
            self._named[key] = self._look_up(names, version, shape)
        return self._named[key]

    def _look_up(self, names: tuple[str, ...], version: str | None, shape: Platform | None) -> _Named:
        models: list[NamedModel] = []
        unknown = [] if names else ["the request names no model"]
        for name in names:
            try:
                found = resolve_model(name, as_of=self.day)
            except (UnknownModelError, NoPriceError) as error:
                unknown.append(str(error))
                continue
            models.append(found)
        platform = self._platform_of(models, version, shape)
        problems = filter(None, [self._why_not(one.model, platform) for one in models])
        unlisted = [
            f"{one.model.id} is not listed on {platform}" for one in models if not _is_sold(one.model, platform)
        ]
        return _Named(tuple(models), "; ".join((*problems, *unlisted, *unknown)) or None, platform)

    def _platform_of(self, models: Iterable[NamedModel], version: str | None, shape: Platform | None) -> Platform:
        """The platform that is given, or implied by the name of a model, the version of the body or its shape."""
        named = [one.platform for one in models if one.platform]
        others = _VERSIONS.get((version or "").partition("-")[0]) or shape or DEFAULT_PLATFORM
        implied = named[0] if named else others
        try:
            limits_on(implied, self.day)
        except NoPriceError:  # nothing is known of it on that date: the Claude API's limits are the nearest
            implied = DEFAULT_PLATFORM
        return self._given or implied

    def _why_not(self, model: Model, platform: Platform) -> str | None:
        """Why a model does not answer on the day; None where it does."""
        if model.status_on(self.day, platform) == "retired":
            return f"{model.id} retired on {model.retires_on(platform)}"
        if self.day < model.vision_from:
            return f"{model.id} reads images from {model.vision_from} on"
        return None

    def _count(self, image: ImageInput, context: CheckContext, locator: Locator | None = None) -> int:
        """Measure an image for the model that is asked first."""
        if locator:
            image = image._replace(location=locator.location(image.location))
        header = image.contents and image.contents.header
        model = context.models[0] if context.models else None
        if not header or not (model and model.tier):
            self._costs.see_image(image, model)
            known = (header.media_type or None, header.width, header.height) if header else ()
            self._images.append(CheckedImage(image.location, *known))
            return 0
        size = header.width, header.height
        tokens = geometry.image_tokens(*size, model.tier, model.formula)
        resized = geometry.resized_size(*size, model.tier)
        self._images.append(CheckedImage(image.location, header.media_type or None, *size, *resized, tokens))
        return tokens


def _utf8_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _is_sold(model: Model, platform: Platform) -> bool:
    """Whether a cloud lists the model; what Anthropic runs has all of them."""
    ids = {"bedrock": model.bedrock_ids, "google-cloud": model.google_cloud_id, "foundry": model.foundry_id}
    return platform in FIRST_PARTY or bool(ids[platform])


def _rule_names(ignore: Any) -> list[str]:
    names = [ignore] if isinstance(ignore, str) else ignore
    try:
        found = list(names)
    except TypeError:
        raise ArgumentError("ignore", ignore, "names of rules, such as 'downscaled'") from None
    for name in found:
        if not isinstance(name, str):
            raise ArgumentError("ignore", name, "names of rules, such as 'downscaled'")
    return found
