package engine

func (c *campaignReader) attribution() error { return nil }
