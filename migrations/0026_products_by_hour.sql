-- Why: what changes in an hour is added to its day and the blocks over it, so that what is late costs its hour, not its
-- day; and blocks of days are running sums, of which any range takes two or three.
SET LOCAL lock_timeout = '5s';

-- The first day whose hours analytics_product_hours has, all of them; null: what is kept of products was settled when
-- hours were kept until their day was over, and is made anew from products_through on.
ALTER TABLE analytics_state ADD COLUMN product_hours_from date;
-- Sums over 2, 4, 8, … days are none over the first 1, 2, 3, … days of a stretch of 64.
UPDATE analytics_state SET blocks_through = NULL;
