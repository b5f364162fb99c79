// The one bundle entry: importing a file registers its triggers.
export {};
