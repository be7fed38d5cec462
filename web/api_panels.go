package web

import (
	"encoding/csv"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// apiPanelEntry is a panel in the list of them.
type apiPanelEntry struct {
	Panel      string `json:"panel"`
	Page       string `json:"page"`
	Title      string `json:"title"`
	Unit       string `json:"unit"`
	Definition string `json:"definition"`
}

// apiPanelData is what a chart shows.
type apiPanelData struct {
	Panel             string              `json:"panel"`
	Title             string              `json:"title"`
	Filter            apiPanelFilter      `json:"filter"`
	Unit              string              `json:"unit"`
	Definition        string              `json:"definition"`
	DefinitionVersion int                 `json:"definition_version"`
	Method            string              `json:"method"`
	AsOf              delivery.Instant    `json:"as_of"`
	N                 int                 `json:"n"`
	Excluded          map[string]int      `json:"excluded"`
	Series            []delivery.Series   `json:"series"`
	Headline          map[string]*float64 `json:"headline"`
	Summary           string              `json:"summary"`
	Markers           []delivery.Marker   `json:"markers,omitempty"`
	Notes             []string            `json:"notes,omitempty"` // on custom series
}

// apiPanelFilter is the filter as it was understood.
type apiPanelFilter struct {
	Connection  []string           `json:"connection"`
	Queue       []string           `json:"queue"`
	Type        []string           `json:"type"`
	Team        []string           `json:"team"`
	Items       int                `json:"items,omitempty"`     // to be forecast; none: those that are open
	Definition  delivery.Date      `json:"definition,omitzero"` // the day whose definitions count
	Project     []string           `json:"project,omitempty"`   // these of runs, or of errors
	Workflow    []string           `json:"workflow,omitempty"`
	Branch      []string           `json:"branch,omitempty"` // none: the default ones
	Restarts    *bool              `json:"restarts,omitempty"`
	Service     []string           `json:"service,omitempty"`     // these of deployments
	Environment []string           `json:"environment,omitempty"` // none: production; of errors: all
	Links       string             `json:"links,omitempty"`       // confirmed or suspected
	Start       delivery.LeadStart `json:"start,omitempty"`
	Benchmark   delivery.Benchmark `json:"benchmark,omitempty"`
	Queries     []string           `json:"q,omitempty"` // for series
	From        delivery.Instant   `json:"from"`
	To          delivery.Instant   `json:"to"` // excluded
	Bucket      delivery.Unit      `json:"bucket"`
	Clock       delivery.Clock     `json:"clock"`
	Timezone    string             `json:"timezone"` // of days and buckets
}

// quantileMethod names how percentiles are interpolated.
const quantileMethod = "R7"

func (s *Server) apiPanels(w http.ResponseWriter, r *http.Request) {
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return
	}
	limit, limitErr := limitOf(q)
	all, cursorErr := panelsAfter(q.Get("cursor"))
	if err := errors.Join(onlyParams(q, "lang", "limit", "cursor"), checkLang(q), limitErr, cursorErr); err != nil {
		badRequest(w, err)
		return
	}
	p := i18n.For(s.apiLang(q.Get("lang")))
	answer := apiList[apiPanelEntry]{Items: []apiPanelEntry{}}
	if len(all) > limit {
		all = all[:limit]
		answer.NextCursor = all[limit-1].slug
	}
	for _, panel := range all {
		answer.Items = append(answer.Items, apiPanelEntry{panel.slug, panel.page, p.T(panel.title), panel.unit, p.T(panel.definition)})
	}
	writeJSON(w, http.StatusOK, answer)
}

// panelsAfter are the panels behind the one that a cursor names.
func panelsAfter(cursor string) ([]panel, error) {
	all := panels()
	if cursor == "" {
		return all, nil
	}
	i := slices.IndexFunc(all, func(p panel) bool { return p.slug == cursor })
	if i < 0 {
		return nil, &delivery.FilterError{Param: "cursor", Message: "not a cursor of this list"}
	}
	return all[i+1:], nil
}

// apiLang is the language of texts for programs.
func (s *Server) apiLang(lang string) string {
	switch {
	case lang != "":
		return lang
	case s.cfg.LangDefault != "":
		return s.cfg.LangDefault
	}
	return i18n.Default
}

// apiPanel answers what a chart shows: as JSON, with .csv as its table, with .svg or .png
// as a picture.
func (s *Server) apiPanel(w http.ResponseWriter, r *http.Request) {
	slug, ext, dotted := strings.Cut(chi.URLParam(r, "slug"), ".")
	panel, ok := panelBySlug(slug)
	if !ok || dotted && ext != "csv" && !isPicture(ext) {
		s.notFound(w, r)
		return
	}
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return
	}
	var looks pictureOptions
	var extra []string
	if isPicture(ext) {
		extra = pictureParams(ext)
		looks, err = pictureOptionsOf(q, ext)
	}
	f, _, filterErr := s.filter(r.Context(), panel.of, q, extra...)
	if err = errors.Join(filterErr, err); err == nil {
		var d delivery.PanelData
		if d, err = s.loadPanelOf(r.Context(), panel, f, 0); err == nil {
			err = s.writePanel(w, r, panel, d, ext, looks, i18n.For(s.apiLang(q.Get("lang"))))
		}
	}
	if err != nil {
		s.listFail(w, r, err)
	}
}

// writePanel answers a panel. An error is one that came before anything was written.
func (s *Server) writePanel(w http.ResponseWriter, r *http.Request, p panel, d delivery.PanelData, ext string, looks pictureOptions, printer *i18n.Printer) error {
	if isPicture(ext) {
		return s.writePicture(w, r, p, d, printer, looks)
	}
	if ext == "csv" {
		csvHeaders(w, p.slug+".csv")
		if err := writePanelCSV(w, d); err != nil {
			s.abort(r, err)
		}
		return nil
	}
	writeJSON(w, http.StatusOK, panelReport(p, d, printer))
	return nil
}

func panelReport(p panel, d delivery.PanelData, printer *i18n.Printer) apiPanelData {
	answer := apiPanelData{
		Panel: d.Slug, Title: printer.T(p.title), Unit: p.unit, Definition: printer.T(p.definition),
		DefinitionVersion: delivery.DefinitionVersion, Method: quantileMethod,
		Filter: apiPanelFilter{
			Connection: texts(d.Filter.Connections), Queue: texts(d.Filter.Queues), Type: texts(d.Filter.Types), Team: texts(d.Filter.Teams),
			Project: d.Filter.Projects, Workflow: d.Filter.Workflows, Branch: d.Filter.Branches, Restarts: d.Filter.Restarts,
			Items: d.Filter.Items, Definition: d.Filter.Definition, From: d.Filter.From, To: d.Filter.To, Bucket: d.Filter.Unit, Clock: d.Filter.Clock, Timezone: d.Zone.String(),
		},
		AsOf: d.AsOf, N: d.N, Excluded: d.Excluded, Series: d.Series, Headline: map[string]*float64{},
		Summary: views.Summary(d, printer), Markers: d.Markers,
	}
	if d.Of == delivery.OfDora {
		answer.Filter.Service, answer.Filter.Environment = d.Filter.Services, d.Filter.Environments
		answer.Filter.Links, answer.Filter.Start, answer.Filter.Benchmark = linksWord(d.Filter.Suspected), d.Filter.Start, d.Filter.Benchmark
	}
	if d.Of == delivery.OfSeries {
		answer.Filter.Queries, answer.Notes = d.Filter.Queries, views.SeriesNotes(d, printer)
	}
	if d.Of == delivery.OfErrors || d.Of == delivery.OfSeries {
		answer.Filter.Service, answer.Filter.Environment = d.Filter.Services, d.Filter.Environments
	}
	if answer.Excluded == nil {
		answer.Excluded = map[string]int{}
	}
	for _, f := range d.Headline {
		answer.Headline[f.Name] = f.Value
	}
	return answer
}

// texts is s as a JSON list, never null.
func texts(s []string) []string { return append([]string{}, s...) }

func writePanelCSV(w http.ResponseWriter, d delivery.PanelData) error {
	columns, rows := views.TableOf(d)
	out := csv.NewWriter(w)
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = csvText(c.Name)
	}
	err := out.Write(header)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = views.PlainCell(c)
			if text, ok := c.(string); ok {
				cells[i] = csvText(text)
			}
		}
		if err == nil {
			err = out.Write(cells)
		}
	}
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}
