package simulator_test

import (
	"net/http"
	"strings"
	"testing"

	"throughline/internal/simulator"
)

// Who follows a link to an issue finds a page, without a token.
func TestIssuePage(t *testing.T) {
	c := simulator.New(1, now, simulator.Options{Issues: 200, Token: "secret", OrgID: "1"})
	if err := c.Edit("PAY-5", "summary", `<script>alert("1")</script>`); err != nil {
		t.Fatal(err)
	}
	for lang, words := range map[string][]string{
		"en": {`<html lang="en">`, "made-up Tracker", "<dt>Status</dt>", "<dt>Created</dt>\n<dd>202"},
		"ru": {`<html lang="ru">`, "выдуманный Трекер", "<dt>Статус</dt>", "<dt>Создана</dt>\n<dd>202"},
	} {
		res := ask(t, c, http.MethodGet, "/PAY-5", "", "Accept-Language", lang)
		if res.status != http.StatusOK || res.header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Fatalf("%s: %d %s", lang, res.status, res.header)
		}
		for _, text := range append(words, "<h1>PAY-5 &lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;</h1>") {
			if !strings.Contains(res.body, text) {
				t.Errorf("%s: no %q in\n%s", lang, text, res.body)
			}
		}
		if strings.Contains(res.body, "<script") {
			t.Errorf("%s: a title is a script\n%s", lang, res.body)
		}
		if policy := res.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none';") {
			t.Errorf("%s: the policy is %q", lang, policy)
		}
	}
	if res := ask(t, c, http.MethodGet, "/NONE-1", ""); res.status != http.StatusNotFound {
		t.Errorf("an unknown key: %d", res.status)
	}
	if res := ask(t, c, http.MethodPost, "/PAY-5", ""); res.status != http.StatusNotFound {
		t.Errorf("POST: %d", res.status)
	}
}
