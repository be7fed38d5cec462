package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	bossEmail    = "boss@example.com"
	bossPassword = "correct horse battery"
)

// TestPeople is the life of a user through the real program, in two browsers:
// invited, in by the link, kept out of the settings, let in, signed out
// everywhere; and what the log says of it afterwards.
func TestPeople(t *testing.T) {
	s := launch(t, append(dataDir(t), "THROUGHLINE_ADMIN_EMAIL="+bossEmail, "THROUGHLINE_ADMIN_PASSWORD="+bossPassword), "serve")
	boss := openTab(t, s.url, 1440, 900)
	boss.signIn(bossEmail, bossPassword)
	boss.open("/settings/users")
	boss.fill("#f-email", "ann@example.com")
	boss.follow("form[action$='/invite'] button.primary")
	link := eval[string](boss, `document.querySelector("#once").value`)
	if !regexp.MustCompile(`^` + regexp.QuoteMeta(s.url) + `/invite\?token=[\w-]{43}$`).MatchString(link) {
		t.Fatalf("the link is %q", link)
	}
	boss.shoot("users-invited")
	boss.click("[data-copy]")
	boss.untilText("[data-copy]", "Copied")
	boss.open("/settings/users")
	if eval[bool](boss, `Boolean(document.querySelector("#once"))`) {
		t.Error("the link is shown twice")
	}

	ann := openTab(t, s.url, 1440, 900)
	ann.open(strings.TrimPrefix(link, s.url))
	ann.untilText("main", "ann@example.com")
	ann.shoot("invite")
	ann.follow("button[name=lang][value=ru]")
	ann.untilText("main", "Вас пригласили как ann@example.com")
	ann.fill("#f-password", "long enough 1")
	ann.fill("#f-password2", "long enough 1")
	ann.follow("main form button.primary")
	ann.untilText(".banner.good", "Учётная запись готова")
	ann.open("/syncs")
	if ann.has(`.rail a[href^="/settings"]`) {
		t.Error("a viewer is shown the settings")
	}
	again := s.visitor() // the browser would complain of the refusal
	if got := again.post("/login", url.Values{"email": {"ann@example.com"}, "password": {"long enough 1"}}); got != 303 {
		t.Errorf("sign-in answers %d", got)
	}
	if got := again.get("/settings/users"); got != 403 {
		t.Errorf("the settings answer a viewer %d", got)
	}

	boss.open("/settings/users")
	boss.follow(`.people a[aria-label="Change ann@example.com"]`)
	boss.do("choose a role", chromedp.SetValue(chromedp.CSS("#f-role"), "admin"))
	boss.follow("form[action$='/role'] button")
	boss.untilText(".banner.good", "ann@example.com")
	if got := again.get("/settings/users"); got != 200 {
		t.Errorf("the settings answer a new admin %d", got)
	}
	ann.open("/settings/tokens")
	ann.fill("#f-name", "стенд")
	ann.click("input[name=scopes][value=read]")
	ann.follow("form[action$='/tokens'] button.primary")
	token := eval[string](ann, `document.querySelector("#once").value`)
	ann.untilText(".once h2", "Скопируйте токен стенд сейчас")
	ann.shoot("tokens-once")

	boss.follow("form[action$='/sign-out'] button")
	ann.open("/settings/tokens")
	ann.until("a session that was ended leads to the login", `location.pathname === "/login"`)
	ann.signIn("ann@example.com", "long enough 1")
	ann.open("/settings/audit")
	ann.untilText(".audit", "Завершены все сеансы")
	ann.untilText(".audit", "Изменена роль")
	ann.untilText(".audit .changes", "viewer")
	ann.shoot("audit")
	for what, secret := range map[string]string{"token": token, "link": strings.SplitAfter(link, "=")[1], "password": "long enough 1"} {
		if secret == "" || strings.Contains(s.log.String(), secret) || strings.Contains(ann.text(), secret) {
			t.Errorf("the %s is in the log", what)
		}
	}
}

// signIn signs in by the form.
func (b *tab) signIn(email, password string) {
	b.t.Helper()
	b.open("/login")
	b.fill("#f-email", email)
	b.fill("#f-password", password)
	b.follow("main form button.primary")
	b.until("the way leads in", `location.pathname !== "/login"`)
}

func (b *tab) has(selector string) bool {
	b.t.Helper()
	return eval[bool](b, fmt.Sprintf("Boolean(document.querySelector(%q))", selector))
}

// shoot takes pictures of the page in every look when SCREENSHOTS names a
// folder for them.
func (b *tab) shoot(name string) {
	b.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	for _, theme := range []string{"light", "dark"} {
		eval[bool](b, fmt.Sprintf("(document.documentElement.dataset.theme = %q, true)", theme))
		for _, width := range []int{1440, 390} {
			b.do("size", chromedp.EmulateViewport(int64(width), 900))
			file := filepath.Join(folder, fmt.Sprintf("people-%s-%s-%d.png", name, theme, width))
			if err := os.WriteFile(file, b.picture(width), 0o644); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	b.do("size", chromedp.EmulateViewport(1440, 900))
}

// TestGuest: where it is allowed, whoever is not signed in may look, with the
// way to sign in before their eyes on a phone too.
func TestGuest(t *testing.T) {
	s := launch(t, append(dataDir(t), "THROUGHLINE_ADMIN_EMAIL="+bossEmail, "THROUGHLINE_ADMIN_PASSWORD="+bossPassword), "serve")
	boss := openTab(t, s.url, 1440, 900)
	boss.signIn(bossEmail, bossPassword)
	boss.open("/settings/users")
	boss.follow("form[action$='/anonymous'] button")
	boss.untilText(".banner.good", "may look now")

	guest := openTab(t, s.url, 390, 844)
	guest.open("/flow")
	guest.drawn()
	guest.shoot("guest")
	if wide := eval[float64](guest, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		t.Errorf("the page is %g px wider than the window", wide)
	}
	if guest.has(`.rail a[href^="/settings"]`) || guest.has(`form[action="/logout"]`) {
		t.Error("a guest is shown what is closed to them")
	}
	guest.click(".menu.account summary")
	guest.follow("button[name=theme][value=dark]")
	guest.until("the theme is chosen", `document.documentElement.dataset.theme === "dark"`)
	guest.follow(".sign-in")
	guest.until("the way leads to the login", `location.pathname === "/login"`)
}
