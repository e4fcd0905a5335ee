"""What a page's loudspeaker plays, heard where it leaves the page."""

from playwright.async_api import Page

# Beside whatever is connected to the loudspeaker, an ear: the loudest sample of the last 50 ms or so.
_EAR = """(() => {
    const connect = AudioNode.prototype.connect;
    const ears = new Map();
    AudioNode.prototype.connect = function (target, ...rest) {
        if (target instanceof AudioDestinationNode) {
            const { context } = target;
            if (!ears.has(context)) ears.set(context, new AnalyserNode(context, { fftSize: 2048 }));
            connect.call(this, ears.get(context));
        }
        return connect.call(this, target, ...rest);
    };
    window.loudness = () => Math.max(0, ...[...ears.values()].map((ear) => {
        const samples = new Float32Array(ear.fftSize);
        ear.getFloatTimeDomainData(samples);
        return samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
    }));
})()"""

_HEARD = "() => window.loudness() > 0.05"
# Once what is heard now has faded, nothing for longer than any tone pauses.
_QUIET = """async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const isLoud = () => window.loudness() > 0.05;
    const faded = performance.now() + 2500;
    while (isLoud() && performance.now() < faded) await frame();
    const until = performance.now() + 2200;
    while (!isLoud() && performance.now() < until) await frame();
    return !isLoud();
}"""


async def listen(page: Page) -> None:
    """Hear what the page plays from its next load on."""
    await page.add_init_script(_EAR)


async def hear(page: Page, timeout_s: float = 8) -> None:
    """Wait until something is heard."""
    await page.wait_for_function(_HEARD, timeout=timeout_s * 1000)


async def is_quiet(page: Page) -> bool:
    """Whether nothing is heard for longer than a tone that comes again would pause."""
    return bool(await page.evaluate(_QUIET))
