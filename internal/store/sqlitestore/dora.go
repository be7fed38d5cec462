package sqlitestore

import (
	"context"
	"errors"
	"iter"

	"throughline/internal/delivery"
)

var errDora = errors.New("not written yet")

func (s *Store) ServiceFacts(ctx context.Context, keys delivery.ServiceKeys) (delivery.ServiceFacts, error) {
	return delivery.ServiceFacts{}, errDora
}
func (s *Store) DoraTouched(ctx context.Context) ([]delivery.Touched, error)    { return nil, errDora }
func (s *Store) DoraSettled(ctx context.Context, keys []delivery.Touched) error { return errDora }
func (s *Store) DoraStates(ctx context.Context) (map[string]string, error)      { return nil, errDora }
func (s *Store) PutDora(ctx context.Context, d delivery.DerivedService) error   { return errDora }
func (s *Store) DropDora(ctx context.Context, services []string) error          { return errDora }
func (s *Store) DoraChunks(ctx context.Context, q delivery.ChunkQuery) iter.Seq2[delivery.DoraChunk, error] {
	return nil
}
func (s *Store) Deployments(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedDeployment, error] {
	return nil
}
func (s *Store) Changes(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedChange, error] {
	return nil
}
func (s *Store) Incidents(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedIncident, error] {
	return nil
}
func (s *Store) Tickets(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.Ticket, error] {
	return nil
}
func (s *Store) Deployment(ctx context.Context, seq int64) (delivery.ListedDeployment, error) {
	return delivery.ListedDeployment{}, errDora
}
func (s *Store) Incident(ctx context.Context, seq int64) (delivery.ListedIncident, error) {
	return delivery.ListedIncident{}, errDora
}
func (s *Store) DoraFacets(ctx context.Context) (delivery.DoraFacets, error) {
	return delivery.DoraFacets{}, errDora
}
func (s *Store) DeploymentsOf(ctx context.Context, connection, repository string) ([]delivery.Deployment, error) {
	return nil, errDora
}
func (s *Store) DeployedRepositories(ctx context.Context, connection string) ([]string, error) {
	return nil, errDora
}
func (s *Store) ChangeStates(ctx context.Context, connection, repository string) (map[string]delivery.Instant, error) {
	return nil, errDora
}
