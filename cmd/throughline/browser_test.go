package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A tab is a real browser tab. Whatever the page complains of, a breach of the
// content security policy above all, fails the test when the tab closes.
type tab struct {
	t      *testing.T
	ctx    context.Context
	base   string
	mu     sync.Mutex
	faults []string
}

const (
	patience = 30 * time.Second
	fade     = 300 * time.Millisecond // of panels, before a picture is taken
)

// openTab starts a browser on the application at base.
func openTab(t *testing.T, base string, width, height int) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.WindowSize(width, height),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true))
	if path, err := exec.LookPath("chromium"); err == nil {
		options = append(options, chromedp.ExecPath(path))
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(alloc)
	b := &tab{t: t, ctx: ctx, base: base}
	messages := chromedp.Console(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" || strings.Contains(m.Text, "Content Security Policy") {
				b.mu.Lock()
				b.faults = append(b.faults, fmt.Sprintf("%s (%s:%d)", m, m.URL, m.Line))
				b.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		stop()
		<-watched
		for _, fault := range b.faults {
			t.Errorf("the browser complained: %s", fault)
		}
	})
	b.do("start the browser", chromedp.Navigate("about:blank"))
	return b
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v\npage:\n%s", what, err, b.text())
	}
}

// ask gets a value from the browser, within the time that anything may take.
func ask[T any](b *tab, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	return v
}

func (b *tab) open(path string) {
	b.t.Helper()
	b.do("open "+path, chromedp.Navigate(b.base+path))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// follow clicks what leads to another page, and waits for it.
func (b *tab) follow(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("follow %s: %v\npage:\n%s", selector, err, b.text())
	}
}

// fill replaces what stands in a field.
func (b *tab) fill(selector, value string) {
	b.t.Helper()
	b.do("select "+selector, chromedp.Focus(chromedp.CSS(selector)))
	eval[bool](b, fmt.Sprintf("(e => { e.select(); return true })(document.querySelector(%q))", selector))
	b.do("fill "+selector, chromedp.SendKeys(chromedp.CSS(selector), value))
}

// eval is the value of a JavaScript expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return ask(b, "evaluate "+expression[:min(len(expression), 200)], chromedp.Evaluate[T](expression))
}

// until waits for a JavaScript expression to become true. The page's policy
// forbids it to evaluate text, so the asking is done from out here.
func (b *tab) until(what, expression string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		cancel()
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s: still not so: %s (%v)\npage:\n%s", what, expression, err, b.text())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// untilText waits until an element holds a text.
func (b *tab) untilText(selector, text string) {
	b.t.Helper()
	b.until(fmt.Sprintf("%q in %s", text, selector),
		fmt.Sprintf("[...document.querySelectorAll(%q)].some(e => e.innerText.includes(%q))", selector, text))
}

func (b *tab) text() string {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.location.pathname + '\\n' + document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return s
}

// clickText clicks the first visible element of a kind that holds a text.
func clickText(element, text string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.Search(fmt.Sprintf(`//%s[contains(., %q)]`, element, text)))
}

// picture is the whole page as a PNG, in a window as high as the page.
func (b *tab) picture(width int) []byte {
	b.t.Helper()
	height := eval[float64](b, "document.documentElement.scrollHeight")
	b.do("make the window higher", chromedp.EmulateViewport(int64(width), int64(height)))
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Sleep(fade)); err != nil {
		b.t.Fatal(err)
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatalf("take a picture: %v", err)
	}
	return png
}
