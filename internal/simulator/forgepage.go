package simulator

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// runWords are the words of a run's page in one language.
var runWords = [languages]struct {
	lang, note, workflow, branch, status, attempt, created, updated string
}{
	english: {
		"en", "This is the made-up GitHub of the demo. Nothing here is real.",
		"Workflow", "Branch", "Status", "Attempt", "Created", "Updated",
	},
	russian: {
		"ru", "Это выдуманный GitHub из демонстрации. Ничего настоящего здесь нет.",
		"Процесс", "Ветка", "Состояние", "Попытка", "Создан", "Обновлён",
	},
}

// browsed answers a run's own address, and that of a job, with a page for
// people, and all else with next.
func (f *forge) browsed(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", next)
	page := func(rw http.ResponseWriter, r *http.Request) {
		page, ok := f.runPage(r)
		if !ok {
			next.ServeHTTP(rw, r)
			return
		}
		h := rw.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		_, _ = rw.Write(page) // a browser that went away
	}
	mux.HandleFunc("GET /{owner}/{repo}/actions/runs/{id}", page)
	mux.HandleFunc("GET /{owner}/{repo}/actions/runs/{id}/job/{job}", page)
	return mux
}

// runPage is the page of a run that is there.
func (f *forge) runPage(r *http.Request) (page []byte, ok bool) {
	run, ok := f.found(r)
	if !ok {
		return nil, false
	}
	lang := english
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "ru") {
		lang = russian
	}
	words := &runWords[lang]
	s := f.g.standingAt(run, f.g.now())
	stands := s.status
	if s.conclusion != "" {
		stands = s.conclusion
	}
	var b bytes.Buffer
	err := issuePage.Execute(&b, map[string]any{
		"Lang": words.lang, "Note": words.note, "Title": run.title, "Key": run.r.name + " #" + strconv.Itoa(run.number),
		"Rows": []pageRow{
			{words.workflow, run.wf.name},
			{words.branch, run.branch},
			{words.status, stands},
			{words.attempt, strconv.Itoa(s.n)},
			{words.created, timeOf(run.created).Format("2006-01-02 15:04 UTC")},
			{words.updated, timeOf(s.updated).Format("2006-01-02 15:04 UTC")},
		},
	})
	return b.Bytes(), err == nil
}
