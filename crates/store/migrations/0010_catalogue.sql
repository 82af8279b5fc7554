-- The pipeline of the run, so that the catalogue finds the outputs of each block by an index.
alter table product add column pipeline text not null default '';
update product set pipeline = (select pipeline from run where run.id = product.run);
create index product_of_pipeline on product (pipeline, block, position, run);
