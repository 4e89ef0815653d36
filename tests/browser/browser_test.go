package browser

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chrome is the context of the one browser that runs; each tab has a profile of its own in it.
var chrome context.Context

func startBrowser() (stop func(), err error) {
	path, err := findBrowser()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopBrowser := chromedp.NewContext(allocator)
	stop = func() { stopBrowser(); stopAllocator() }
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, err
	}
	chrome = ctx
	return stop, nil
}

func findBrowser() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium is installed, and these tests are about a real browser: apt-get install chromium")
}

// A look is how a person sees the page.
type look struct {
	language      string // of the browser; English if empty
	dark          bool
	width, height int64 // of a desktop if 0
}

var phone = look{width: 360, height: 740}

// A tab shows the page. What the browser complains about in it, such as an exception or a breach of the
// Content-Security-Policy, fails its test.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	expected   *regexp.Regexp // complaints that the test brings about
}

// openTab opens an address of the sandbox's page, and waits until it is there and up to date.
func openTab(t testing.TB, url string, l look) *tab {
	t.Helper()
	b := newTab(t, l)
	b.visit(url)
	return b
}

// newTab opens an empty tab.
func newTab(t testing.TB, l look) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chrome, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx}
	t.Cleanup(cancel)
	messages := chromedp.Console(ctx)
	go b.listen(messages)
	t.Cleanup(b.checkComplaints)

	if l.width == 0 {
		l.width, l.height = 1200, 800
	}
	scheme := map[bool]string{false: "light", true: "dark"}[l.dark]
	language := l.language
	if language == "" {
		language = "en-US"
	}
	// A person may paste what the page has copied; a test reads it.
	call(b, browser.SetPermission, browser.SetPermissionParams{
		BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
		Permission:       &browser.PermissionDescriptor{Name: "clipboard-read"},
		Setting:          browser.PermissionSettingGranted,
	})
	call(b, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: eval[string](b, "navigator.userAgent"), AcceptLanguage: language,
	})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: helpers})
	b.do(chromedp.EmulateViewport(l.width, l.height))
	return b
}

func (b *tab) listen(messages func(func(chromedp.ConsoleMessage, error) bool)) {
	for m, err := range messages {
		if err != nil {
			return
		}
		if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning || m.IsException() {
			b.mu.Lock()
			b.complaints = append(b.complaints, m.String())
			b.mu.Unlock()
		}
	}
}

func (b *tab) checkComplaints() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		if b.expected == nil || !b.expected.MatchString(complaint) {
			assert.Fail(b.t, "the browser complains", complaint)
		}
	}
}

// expect names the complaints that the test brings about.
func (b *tab) expect(pattern string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = regexp.MustCompile(pattern)
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, actions...))
}

// visit loads an address as a new document.
func (b *tab) visit(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
	b.until("the page is live", `document.querySelector('#stream')?.dataset.state === 'live'`)
	b.settled()
}

// go to another view as a person does, by the navigation.
func (b *tab) goTo(view string) {
	b.t.Helper()
	b.click(view)
	b.settled()
}

// settled waits until what the page has asked for is there.
func (b *tab) settled() {
	b.t.Helper()
	b.until("the view has loaded", `document.querySelector('main h1') && test.idle(50)`)
}

// calm waits until the page asks for nothing any more: what changes from now on, an event has changed.
func (b *tab) calm() {
	b.t.Helper()
	b.until("the page is calm", `test.idle(600)`)
}

// until waits until a condition, in JavaScript, holds.
func (b *tab) until(what, condition string) {
	b.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if eval[bool](b, `Boolean((() => `+condition+`)())`) {
			return
		}
		if time.Now().After(deadline) {
			require.FailNow(b.t, "it never came about that "+what, "%s\n\n%s", condition, b.text("body"))
		}
	}
}

// eval evaluates an expression in JavaScript, and waits if it is a promise.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return value
}

// quote is a string as JavaScript writes it.
func quote(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // no string is without JSON
	}
	return string(quoted)
}

// text is what a person reads in an element.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return eval[string](b, `document.querySelector(`+quote(selector)+`)?.innerText ?? ''`)
}

// sees waits until an element shows a text.
func (b *tab) sees(selector, text string) {
	b.t.Helper()
	b.until(selector+" shows "+text, `document.querySelector(`+quote(selector)+`)?.innerText.includes(`+quote(text)+`)`)
}

// lacks waits until an element does not show a text any more.
func (b *tab) lacks(selector, text string) {
	b.t.Helper()
	b.until(selector+" does not show "+text, `!document.querySelector(`+quote(selector)+`)?.innerText.includes(`+quote(text)+`)`)
}

// click clicks what has a name, where a person sees it.
func (b *tab) click(name string) {
	b.t.Helper()
	b.until("something is called "+name, `test.named(`+quote(name)+`)`)
	at := eval[struct{ X, Y float64 }](b, `test.place(`+quote(name)+`)`)
	b.do(chromedp.MouseClickXY(at.X, at.Y))
}

// fill writes into the field with a label.
func (b *tab) fill(label, text string) {
	b.t.Helper()
	b.click(label)
	b.press("a", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.press("\b")
	b.press(text)
}

// choose picks an option of the list with a label.
func (b *tab) choose(label, option string) {
	b.t.Helper()
	b.until("there is a list "+label, `test.named(`+quote(label)+`)`)
	require.True(b.t, eval[bool](b, `test.choose(`+quote(label)+`, `+quote(option)+`)`), "%s has no %s", label, option)
}

func (b *tab) press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys, options...))
}

// call sends a command of the protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	require.NoError(b.t, err)
	return result
}

// nodeModules is where npm has put what the tests take from it.
func nodeModules(t testing.TB, path ...string) string {
	t.Helper()
	wanted := filepath.Join(append([]string{"node_modules"}, path...)...)
	_, err := os.Stat(wanted)
	require.NoError(t, err, "run npm ci in tests/browser")
	return wanted
}

// helpers runs in the page before its own scripts, and counts what it asks the sandbox for.
const helpers = `
window.test = (() => {
	let open = 0, last = performance.now();
	const fetched = window.fetch;
	window.fetch = async (resource, options) => {
		if (String(resource).endsWith('/events')) return fetched(resource, options);
		open++;
		try {
			const response = await fetched(resource, options);
			const body = await response.clone().arrayBuffer();
			return response;
		} finally {
			open--;
			last = performance.now();
		}
	};
	const visible = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
	const name = (e) => (e.getAttribute('aria-label') ?? (e.labels?.length ? e.labels[0].innerText : e.innerText ?? '')).trim();
	const all = () => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter(visible);
	const named = (wanted) => {
		const found = all();
		return found.find((e) => name(e) === wanted) ?? found.find((e) => name(e).startsWith(wanted));
	};
	return {
		idle: (ms) => open === 0 && performance.now() - last > ms,
		name,
		named,
		place(wanted) {
			const e = named(wanted);
			e.scrollIntoView({ block: 'center' });
			const { x, y, width, height } = e.getBoundingClientRect();
			return { x: x + width / 2, y: y + height / 2 };
		},
		choose(label, option) {
			const select = named(label);
			const found = [...select.options].find((o) => o.text === option);
			if (!found) return false;
			select.value = found.value;
			select.dispatchEvent(new Event('change', { bubbles: true }));
			return true;
		},
	};
})();
`
