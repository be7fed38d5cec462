package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/internal/picture"
	"throughline/views"
)

const (
	svgType = "image/svg+xml"
	pngType = "image/png"
)

// picturePolicy is that of an SVG that is opened by itself: its colours and fonts are in it.
const picturePolicy = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; frame-ancestors 'none'"

// pictureOptions are how a picture of a panel looks.
type pictureOptions struct {
	ext           string // svg or png
	theme         picture.Theme
	width, height int // CSS pixels
	scale         int // pixels to each of those; of a PNG
	title         bool
	alone         bool     // without the period before
	scope         []string // what it is narrowed to, in words
}

// Sizes of pictures unless said otherwise.
const (
	pictureWidth, pictureHeight = 800, 450
	pictureScale                = 2
)

func isPicture(ext string) bool { return ext == "svg" || ext == "png" }

// pictureParams are the parameters of a picture beside those of its panel.
func pictureParams(ext string) []string {
	names := []string{"theme", "width", "height", "title"}
	if ext == "png" {
		names = append(names, "scale")
	}
	return names
}

// pictureOptionsOf reads the parameters of a picture. The error names each that is wrong.
func pictureOptionsOf(q url.Values, ext string) (pictureOptions, error) {
	o := pictureOptions{ext: ext}
	themes := []string{string(picture.Light), string(picture.Dark)}
	if ext == "svg" {
		themes = append(themes, string(picture.Auto))
	}
	theme, err := choiceOf(q, "theme", themes[len(themes)-1], themes)
	if ext == "png" && !q.Has("theme") {
		theme = string(picture.Light)
	}
	errs := []error{err}
	o.theme = picture.Theme(theme)
	o.width, err = numberOf(q, "width", pictureWidth, picture.MinWidth, picture.MaxWidth)
	errs = append(errs, err)
	o.height, err = numberOf(q, "height", pictureHeight, picture.MinHeight, picture.MaxHeight)
	errs = append(errs, err)
	o.scale = 1
	if ext == "png" {
		o.scale, err = numberOf(q, "scale", pictureScale, picture.MinScale, picture.MaxScale)
		errs = append(errs, err)
	}
	title, err := choiceOf(q, "title", "true", []string{"true", "false"})
	o.title = title == "true"
	return o, errors.Join(append(errs, err)...)
}

// choiceOf is a parameter that has one of some values.
func choiceOf(q url.Values, name, unsaid string, choices []string) (string, error) {
	if !q.Has(name) {
		return unsaid, nil
	}
	v := q.Get(name)
	if !slices.Contains(choices, v) {
		return "", &delivery.FilterError{Param: name, Message: "not one of " + strings.Join(choices, ", ")}
	}
	return v, nil
}

// numberOf is a parameter that is a whole number within bounds.
func numberOf(q url.Values, name string, unsaid, least, most int) (int, error) {
	if !q.Has(name) {
		return unsaid, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < least || n > most {
		return 0, &delivery.FilterError{Param: name, Message: fmt.Sprintf("not a number from %d to %d", least, most)}
	}
	return n, nil
}

func (s *Server) writePicture(w http.ResponseWriter, r *http.Request, p panel, d delivery.PanelData, printer *i18n.Printer, o pictureOptions) error {
	body, contentType, err := s.drawPicture(r.Context(), p, d, printer, o)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", `inline; filename="`+p.slug+"."+o.ext+`"`)
	h.Set("Content-Security-Policy", picturePolicy)
	_, _ = w.Write(body) // the client may be gone
	return nil
}

// drawPicture draws a panel, in its turn among all that is computed.
func (s *Server) drawPicture(ctx context.Context, p panel, d delivery.PanelData, printer *i18n.Printer, o pictureOptions) (body []byte, contentType string, err error) {
	chart, err := s.chartSpec(ctx, p, d, !o.alone)
	if err != nil {
		return nil, "", err
	}
	spec := picture.Spec{
		Summary: views.Summary(d, printer), Alt: views.AltText(d, printer), Foot: views.PictureFoot(d, printer, o.scope),
		Lang: printer.Lang(), Chart: views.PictureOf(d, printer, chart), Theme: o.theme, Width: o.width, Height: o.height,
	}
	if o.title {
		spec.Title = printer.T(p.title)
	}
	return s.drawSpec(ctx, spec, o)
}

// drawNotice draws a sentence in the place of a chart.
func (s *Server) drawNotice(ctx context.Context, sentence string, printer *i18n.Printer, o pictureOptions) (body []byte, contentType string, err error) {
	return s.drawSpec(ctx, picture.Notice(sentence, printer.Lang(), o.theme, o.width, o.height), o)
}

func (s *Server) drawSpec(ctx context.Context, spec picture.Spec, o pictureOptions) (body []byte, contentType string, err error) {
	_, leave, err := s.caches.answers.enter(ctx)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	if o.ext == "svg" {
		body, err = picture.SVG(spec)
		return body, svgType, err
	}
	body, err = picture.PNG(spec, o.scale)
	return body, pngType, err
}
