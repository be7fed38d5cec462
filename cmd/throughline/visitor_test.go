package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// visitor is a browser without scripts; it keeps cookies and follows no
// redirect.
type visitor struct {
	t      *testing.T
	base   string
	client *http.Client
}

func (s *site) visitor() *visitor {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &visitor{s.t, s.url, &http.Client{
		Jar: jar, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (v *visitor) get(path string) (status int) {
	v.t.Helper()
	res, err := v.client.Get(v.base + path)
	return v.status(res, err)
}

func (v *visitor) post(path string, form url.Values) (status int) {
	v.t.Helper()
	res, err := v.client.Post(v.base+path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	return v.status(res, err)
}

func (v *visitor) status(res *http.Response, err error) int {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		v.t.Fatal(err)
	}
	return res.StatusCode
}
