package engine

import "clientele/queries"

// tell makes the temporary table orders_told, which what is said of orders is added up
// from, and guests_bought of those that name no customer.
func (r *run) tell() error {
	if err := r.db.Exec(r.ctx, "CREATE OR REPLACE TEMP TABLE orders_told AS "+queries.Get("told/orders").SQL); err != nil {
		return err
	}
	guests := "told/guests_of_all"
	if len(r.Config.Exclude) > 0 || smallestNet(r.Config) != "0" {
		guests = "told/guests"
	}
	return r.db.Exec(r.ctx, "CREATE OR REPLACE TEMP TABLE guests_bought AS "+queries.Get(guests).SQL)
}
