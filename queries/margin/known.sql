-- Whether any line or product has a cost: looking through all lines is dear.
-- reads:  facts.order_lines, facts.products
-- gives:  known BOOLEAN
SELECT EXISTS (SELECT 1 FROM facts.order_lines WHERE cost IS NOT NULL)
  OR EXISTS (SELECT 1 FROM facts.products WHERE cost IS NOT NULL) AS known
