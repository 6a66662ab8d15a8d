"""HDF5: reads the structure of HDF5 files (File Format Specification 3.0), and never the data of a tensor."""
